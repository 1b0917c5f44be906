"""Every spelling of a model finds its target, and one that finds none is told what there is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.call import Failure, Json, Target
from proxy.providers import Endpoint, all_providers
from proxy.routing import REMEMBERED, Router

KINDS = {
    "openai": "openai",
    "groq": "groq",
    "mock": "mock",
    "openrouter": "openai_compatible",
    "claude": "anthropic",
    "claude-eu": "anthropic",
}
ALIASES = {"fast": [("openai", "gpt-4o-mini")], "groq/best": [("claude", "claude-x")], "dead": [("silent", "x")]}
OFF = {"silent": "no key: set SILENT_KEY"}


def endpoint(name: str, kind: str) -> Endpoint:
    return Endpoint(name, kind, all_providers()[kind], "http://h")


def router(
    kinds: Mapping[str, str] = KINDS,
    off: Mapping[str, str] = OFF,
    aliases: Mapping[str, list[tuple[str, str]]] = ALIASES,
) -> Router:
    return Router({name: endpoint(name, kind) for name, kind in kinds.items()}, off, aliases)


def resolved(model: str, where: Router | None = None) -> str:
    (target,) = (where or router()).resolve(model)
    assert isinstance(target, Target)
    assert target.endpoint.name == target.name
    return f"{target.name} {target.model}"


def detail(model: str, where: Router) -> str:
    with pytest.raises(Failure) as caught:
        where.resolve(model)
    assert (caught.value.kind, caught.value.param, caught.value.status) == ("model_not_found", "model", 404)
    return caught.value.detail


@pytest.mark.parametrize(
    ("model", "target"),
    [
        ("fast", "openai gpt-4o-mini"),
        ("groq/best", "claude claude-x"),
        ("openai:gpt-4o", "openai gpt-4o"),
        ("openai/gpt-4o", "openai gpt-4o"),
        ("openai:anything at all", "openai anything at all"),
        ("openrouter:meta-llama/llama-3:free", "openrouter meta-llama/llama-3:free"),
        ("openrouter/meta-llama/llama-3:free", "openrouter meta-llama/llama-3:free"),
        ("groq/llama-3.3", "groq llama-3.3"),
        ("groq/llama3:8b", "groq llama3:8b"),
        ("groq:openai/gpt-oss-120b", "groq openai/gpt-oss-120b"),
        ("openai/fast", "openai fast"),
        ("gpt-4o", "openai gpt-4o"),
        ("o1", "openai o1"),
        ("ft:gpt-4o:acme::1", "openai ft:gpt-4o:acme::1"),
        ("claude-sonnet", "claude claude-sonnet"),
        ("claude-eu:claude-sonnet", "claude-eu claude-sonnet"),
        ("anthropic:claude-sonnet", "claude claude-sonnet"),
        ("anthropic/claude-sonnet", "claude claude-sonnet"),
        ("mock", "mock mock"),
        ("mock-cut-3", "mock mock-cut-3"),
        ("mock:anything", "mock anything"),
        ("openai:fast:x", "openai fast:x"),
    ],
)
def test_every_spelling(model: str, target: str) -> None:
    assert resolved(model) == target


def test_a_colon_may_belong_to_the_model() -> None:
    assert resolved("llama3:8b", router({"llama3": "mock"})) == "llama3 8b"
    assert "llama3:8b" in detail("llama3:8b", router({"mock": "mock"}))


def test_a_bare_name_prefers_the_endpoint_named_like_its_kind() -> None:
    assert resolved("gpt-4o", router({"azure": "openai", "openai": "openai"})) == "openai gpt-4o"
    assert resolved("gpt-4o", router({"azure": "openai", "other": "openai"})) == "azure gpt-4o"


def test_an_alias_comes_first() -> None:
    assert resolved("gpt-4o", router(aliases={"gpt-4o": [("mock", "mock")]})) == "mock mock"
    assert resolved("openai:x", router(aliases={"openai:x": [("mock", "mock")]})) == "mock mock"


@pytest.mark.parametrize(
    ("model", "off", "expected"),
    [
        (
            "nothing",
            {},
            'no provider for the model "nothing"; aliases: fast; providers: openai, mock (as provider:model)',
        ),
        (
            "fasst",
            {},
            'no provider for the model "fasst"; near: fast; aliases: fast; providers: openai, mock (as provider:model)',
        ),
        (
            "opneai:gpt-4o",
            {},
            'no provider for the model "opneai:gpt-4o"; near: openai:gpt-4o;'
            " aliases: fast; providers: openai, mock (as provider:model)",
        ),
        (
            "claude-x",
            {"anthropic": "no key: set ANTHROPIC_API_KEY"},
            'no provider for the model "claude-x"; anthropic is off (no key: set ANTHROPIC_API_KEY);'
            " aliases: fast; providers: openai, mock (as provider:model)",
        ),
        (
            "claude-x",
            {},
            'no provider for the model "claude-x";'
            " anthropic is not configured (list it under providers in the configuration file);"
            " aliases: fast; providers: openai, mock (as provider:model)",
        ),
        (
            "claude-x",
            {"claude": "no key: set A"},
            'no provider for the model "claude-x";'
            " anthropic is not configured (list it under providers in the configuration file);"
            " claude is off (no key: set A); aliases: fast; providers: openai, mock (as provider:model)",
        ),
        (
            "team:gpt-4o",
            {"team": "no key: set T"},
            'no provider for the model "team:gpt-4o"; team is off (no key: set T);'
            " aliases: fast; providers: openai, mock (as provider:model)",
        ),
        (
            "groq/x",
            {},
            'no provider for the model "groq/x";'
            " groq is not configured (list it under providers in the configuration file);"
            " aliases: fast; providers: openai, mock (as provider:model)",
        ),
        (
            "openai:",
            {},
            'no provider for the model "openai:"; "openai" is on, but no model is named;'
            " aliases: fast; providers: openai, mock (as provider:model)",
        ),
    ],
)
def test_what_is_not_there_in_exact_words(model: str, off: dict[str, str], expected: str) -> None:
    where = router({"openai": "openai", "mock": "mock"}, off, {"fast": [("openai", "gpt-4o-mini")]})
    assert detail(model, where) == expected


def test_an_alias_of_a_provider_that_is_off() -> None:
    expected = 'the alias "dead" stands for silent:x, and silent is off (no key: set SILENT_KEY)'
    assert detail("dead", router()) == expected


def test_an_entry_that_is_off_is_not_replaced_by_another_of_its_kind() -> None:
    where = router({"team": "openai", "mock": "mock"}, {"openai": "no key"}, {})
    assert "openai is off (no key)" in detail("openai:gpt-4o", where)
    assert resolved("gpt-4o", where) == "team gpt-4o"


def test_the_detail_stays_short() -> None:
    many = router({f"p{number}": "mock" for number in range(50)})
    assert detail("x" * 257, many) == "the model name has 257 characters, more than 256"
    assert "p0, p1, p2, p3, p4, p5, p6, p7, p8, p9 and 40 more" in detail("zzz", many)
    assert len(detail("z" * 256, many)) < 600


def test_models_lists_what_resolves() -> None:
    where = router({"openai": "openai", "mock": "mock", "fake": "mock"})
    assert where.models() == [
        {"id": "fast", "object": "model", "created": 0, "owned_by": "openai"},
        {"id": "mock", "object": "model", "created": 0, "owned_by": "mock"},
        {"id": "fake:mock", "object": "model", "created": 0, "owned_by": "fake"},
    ]
    for model in where.models():
        assert resolved(model["id"], where).startswith(f"{model['owned_by']} ")


def test_a_known_model_that_an_alias_shadows_keeps_its_full_name() -> None:
    where = router({"openai": "openai", "mock": "mock"}, {}, {"mock": [("openai", "gpt-4o")]})
    assert [(model["id"], model["owned_by"]) for model in where.models()] == [("mock", "openai"), ("mock:mock", "mock")]


def test_the_memory_is_bounded_and_what_is_not_found_is_not_kept() -> None:
    where = router()
    for number in range(3 * REMEMBERED):
        where.resolve(f"mock-{number}")
        assert len(where._found) <= REMEMBERED
    kept = len(where._found)
    for number in range(10):
        detail(f"nothing-{number}", where)
    assert len(where._found) == kept


def test_a_second_question_is_answered_from_memory() -> None:
    where = router()
    assert where.resolve("mock:x") is where.resolve("mock:x")


@given(st.one_of(st.text(), st.from_regex(r"[a-z]{0,6}[:/]{0,2}[a-z:/*\[?]{0,6}")))
def test_any_name_ends_in_a_target_or_a_failure(model: str) -> None:
    try:
        targets = ROUTER.resolve(model)
    except Failure as failure:
        told = failure
    else:
        assert len(targets) == 1
        assert targets[0].model
        return
    assert told.kind == "model_not_found"


ROUTER = router()


class Listing:
    """A list of models that changes."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.has: Endpoint | None = endpoint

    async def ready(self) -> None: ...

    def names(self, endpoint: Endpoint) -> list[str]:
        return []

    def can(self, endpoint: Endpoint, name: str, capability: str) -> bool:
        return False

    def only(self, name: str, endpoints: Iterable[Endpoint]) -> Endpoint | None:
        return self.has

    def about(self, endpoint: Endpoint, name: str) -> Json:
        return {}


def test_what_a_list_told_is_not_remembered() -> None:
    one, other = endpoint("one", "mock"), endpoint("other", "mock")
    listing = Listing(one)
    found = Router({"one": one, "other": other}, {}, {}, offers=listing)
    assert found.resolve("listed-only")[0].name == "one"
    listing.has = other
    assert found.resolve("listed-only")[0].name == "other"
    listing.has = None
    with pytest.raises(Failure, match="listed-only"):
        found.resolve("listed-only")
