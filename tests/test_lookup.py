"""Providers and models are found by name, by capability, in good health; and the one list of all that resolves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from proxy.call import Failure
from proxy.catalog import Listed
from proxy.lookup import Lookup, Offers
from proxy.models import Entry, Models
from proxy.providers import Endpoint, all_providers
from proxy.routing import Router

KINDS = {
    "openai": "openai",
    "claude": "anthropic",
    "local": "vllm",
    "other": "vllm",
    "az": "azure_openai",
    "mock": "mock",
}
ENTRIES = (
    Entry("az", "chat-prod", like="gpt-4o"),
    Entry("local", "own", can=frozenset({"chat", "vision"}), max_output=7),
)
LISTS = {
    "local": [Listed("llama-3", 4096), Listed("shared")],
    "other": [Listed("shared"), Listed("embedder", can=frozenset({"embeddings"}))],
}


class Given:
    """Lists that a test hands out."""

    def __init__(self, lists: Mapping[str, Sequence[Listed]]) -> None:
        self.lists = lists
        self.waited = 0

    def known(self, name: str) -> Mapping[str, Listed] | None:
        return {listed.name: listed for listed in self.lists[name]} if name in self.lists else None

    async def ready(self) -> None:
        self.waited += 1


def made(lists: Mapping[str, Sequence[Listed]] = LISTS, kinds: Mapping[str, str] = KINDS) -> tuple[Router, Offers]:
    endpoints = {name: Endpoint(name, kind, all_providers()[kind], "http://h") for name, kind in kinds.items()}
    offers = Offers(Models(ENTRIES), Given(lists))
    aliases = {"fast": [("openai", "gpt-4o-mini")], "dead": [("silent", "x")]}
    return Router(endpoints, {"silent": "no key: set SILENT_KEY"}, aliases, offers=offers), offers


def by_id(router: Router, **asked: str) -> dict[str, Any]:
    return {model["id"]: model for model in router.models(**asked)}


def names(endpoints: Sequence[Endpoint]) -> list[str]:
    return [endpoint.name for endpoint in endpoints]


# ---- the list of models


def test_every_id_resolves_to_what_the_list_says() -> None:
    router, _ = made()
    models = by_id(router)
    assert len(models) > 100
    for name, model in models.items():
        assert router.resolve(name)[0].name == model["owned_by"] == model["outrider"]["provider"]
    assert "dead" not in models


def test_ids_are_as_short_as_they_can_be() -> None:
    models = by_id(made()[0])
    assert {"fast", "gpt-4o", "claude-sonnet-4-5", "local:llama-3", "local:own", "other:shared", "az:chat-prod"} <= set(
        models
    )


def test_what_is_told_of_each() -> None:
    models = by_id(made()[0])
    assert models["local:own"] == {
        "id": "local:own",
        "object": "model",
        "created": 0,
        "owned_by": "local",
        "outrider": {"provider": "local", "context_window": None, "max_output": 7, "capabilities": ["chat", "vision"]},
    }
    assert models["fast"]["outrider"]["max_output"] == 16384
    assert models["local:llama-3"]["outrider"]["context_window"] == 4096
    assert models["local:llama-3"]["outrider"]["capabilities"] is None
    assert "vision" in models["az:chat-prod"]["outrider"]["capabilities"]


def test_deployments_are_listed_only_where_they_are_named() -> None:
    assert list(by_id(made()[0], provider="az")) == ["az:chat-prod"]


def test_a_list_goes_before_the_table() -> None:
    router, _ = made({**LISTS, "openai": [Listed("gpt-4o"), Listed("gpt-new", 5)]})
    models = by_id(router, provider="openai")
    assert list(models) == ["fast", "gpt-4o", "gpt-new"]
    assert models["gpt-4o"]["outrider"]["context_window"] == 128000


def test_models_by_provider_and_capability() -> None:
    router, _ = made()
    assert {model["owned_by"] for model in router.models(provider="claude")} == {"claude"}
    assert {model["owned_by"] for model in router.models(provider="anthropic")} == {"claude"}
    vision = by_id(router, capability="vision")
    assert {"gpt-4o", "local:own", "az:chat-prod"} <= set(vision)
    assert not {"local:llama-3", "text-embedding-3-small"} & set(vision)
    assert list(by_id(router, provider="other", capability="embeddings")) == ["other:embedder"]


def test_a_provider_that_is_not_there_is_named_with_what_would_turn_it_on() -> None:
    router, _ = made()
    for name, words in (("silent", "SILENT_KEY"), ("groq", "not configured"), ("nope", "providers:")):
        with pytest.raises(Failure, match=words) as caught:
            router.models(provider=name)
        assert (caught.value.kind, caught.value.param) == ("model_not_found", "provider")


async def test_who_asks_for_all_waits_for_the_first_lists() -> None:
    lists = Given({})
    router = Router({}, {}, {}, offers=Offers(Models(), lists))
    await router.ready()
    assert lists.waited == 1
    await Router({}, {}, {}).ready()


# ---- detection


def test_a_bare_name_goes_to_the_only_one_that_has_it() -> None:
    router, _ = made()
    assert router.resolve("llama-3")[0].name == "local"
    assert router.resolve("embedder")[0].name == "other"
    assert router.resolve("own")[0].name == "local"
    assert router.resolve("chat-prod")[0].name == "az"


def test_a_choice_is_not_made_and_nothing_is_guessed() -> None:
    router, _ = made()
    for name in ("shared", "nothing"):
        with pytest.raises(Failure, match="no provider for the model"):
            router.resolve(name)


def test_the_table_knows_whose_a_hosted_model_is() -> None:
    router, _ = made({}, {"groq": "groq", "openai": "openai"})
    assert router.resolve("openai:openai/gpt-oss-20b")[0].name == "openai"
    assert router.resolve("whisper-large-v3")[0].name == "groq"


# ---- the lookups


def test_a_provider_by_name_and_by_kind() -> None:
    router, offers = made()
    lookup = Lookup(router, offers)
    assert lookup.provider("claude").kind == "anthropic"
    assert lookup.provider("anthropic").name == "claude"
    with pytest.raises(Failure, match="SILENT_KEY"):
        lookup.provider("silent")


@pytest.mark.parametrize(
    ("name", "where"),
    [("openai:gpt-4o", "openai"), ("gpt-4o", "openai"), ("fast", "openai"), ("claude/claude-sonnet-4-5", "claude")],
)
def test_a_model_by_any_of_its_names(name: str, where: str) -> None:
    target, model = Lookup(*made()).model(name)
    assert target.name == where
    assert model is not None
    assert model.max_output is not None


def test_a_model_of_which_nothing_is_known_is_found_all_the_same() -> None:
    target, model = Lookup(*made()).model("mock:anything")
    assert (target.name, model) == ("mock", None)


def test_providers_by_capability() -> None:
    lookup = Lookup(*made())
    assert {"openai", "claude", "local", "az"} <= set(names(lookup.with_capability("vision")))
    assert "claude" not in names(lookup.with_capability("embeddings"))
    assert "other" in names(lookup.with_capability("embeddings"))
    found = {(endpoint.name, model.name) for endpoint, model in lookup.models_with("vision")}
    assert {("local", "own"), ("az", "chat-prod"), ("openai", "gpt-4o")} <= found
    assert ("local", "llama-3") not in found


def test_all_and_the_healthy_ones() -> None:
    router, offers = made()
    assert names(Lookup(router, offers).healthy()) == names(Lookup(router, offers).all()) == list(KINDS)
    picky = Lookup(router, offers, healthy=lambda endpoint: endpoint.kind != "vllm")
    assert names(picky.healthy()) == ["openai", "claude", "az", "mock"]
