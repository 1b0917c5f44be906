"""Every provider file, whoever adds it: what is said there is complete, and the rest of the house can act on it."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from proxy.catalog import LISTS
from proxy.providers import BESIDES, CAPABILITIES, Endpoint, Provider, all_providers
from proxy.ratelimits import FAMILIES
from proxy.server.routes import RELAYED
from proxy.signing import CREDENTIALS, SIGNERS
from proxy.translate import DIALECTS
from tests.providers.answers import HOLD_EMBEDDINGS, WIRE_OF
from tests.providers.expected import NO_PROBE
from tests.providers.stage import ELSEWHERE, REACHED

ROOT = Path(__file__).parents[2]
EVERY = pytest.mark.parametrize(("kind", "provider"), all_providers().items(), ids=all_providers())

#: What can only be offered with chats.
ABOUT_CHATS = (
    "stream",
    "tools",
    "parallel_tools",
    "structured_output",
    "vision",
    "documents",
    "audio_input",
    "reasoning",
)
#: RFC 9110, section 5.6.2, in lower case
TOKEN = re.compile(r"[a-z0-9!#$%&'*+.^_`|~-]+")


def test_each_file_is_found() -> None:
    files = {path.stem for path in (ROOT / "proxy" / "providers").glob("*.py")} - {"__init__"}
    assert set(all_providers()) == files


@pytest.mark.parametrize("kind", ELSEWHERE)
def test_a_kind_is_exempt_only_where_it_must_be(kind: str) -> None:
    provider, (reason, place) = all_providers()[kind], ELSEWHERE[kind]
    assert reason
    assert provider.mock or provider.job or (provider.cloud and not provider.key_env)
    files = [ROOT / place] if place.endswith(".py") else (ROOT / place).rglob("*.py")
    name = re.compile(kind.replace("_", "[_-]"))
    assert any(name.search(path.read_text("utf-8")) for path in files), f"{place} does not speak of {kind}"


@pytest.mark.parametrize("kind", REACHED)
def test_every_other_kind_is_asked_for_something(kind: str) -> None:
    """Who has neither chats nor embeddings would pass every test by having none; and what it is asked for is held to types."""
    provider = REACHED[kind]
    chat, vectors = (provider.way("openai", operation, False) for operation in ("chat", "embeddings"))
    assert chat is not None or vectors is not None
    assert chat is None or chat.dialect in WIRE_OF
    assert vectors is None or vectors.dialect in HOLD_EMBEDDINGS


@EVERY
def test_it_speaks_a_known_dialect_and_signs_in_a_known_way(kind: str, provider: Provider) -> None:
    assert provider.dialect in DIALECTS
    assert provider.auth in SIGNERS


@EVERY
def test_its_facts_have_a_source(kind: str, provider: Provider) -> None:
    assert provider.docs.startswith("https://") or (ROOT / provider.docs).is_file()


@EVERY
def test_its_address_is_a_prefix_of_every_path(kind: str, provider: Provider) -> None:
    assert ("chat" in provider.paths) == ("chat" in provider.can)
    assert provider.paths
    assert all(path.startswith("/") for path in provider.paths.values())
    if provider.base_url is not None:
        address = urlsplit(provider.base_url)
        assert address.scheme in {"http", "https"}
        assert address.hostname
        assert (address.query, address.fragment) == ("", "")
        assert not provider.base_url.endswith("/")


@EVERY
def test_its_ways_lead_to_dialects_that_have_words_for_them(kind: str, provider: Provider) -> None:
    for dialect, paths in {**provider.also, provider.dialect: provider.paths}.items():
        for operation in paths.keys() - {"models", *RELAYED.values()}:
            assert DIALECTS[dialect].operation(operation.removesuffix(".stream")) is not None
        assert all(
            "{model}" in paths[name] or not DIALECTS[dialect].model_in_path for name in paths if name != "models"
        )


@EVERY
def test_whoever_calls_is_heard_in_its_own_dialect_or_in_the_provider_s(kind: str, provider: Provider) -> None:
    for dialect in DIALECTS if "chat" in provider.can else ():
        way = provider.way(dialect, "chat", stream=True)
        assert way is not None
        assert way.dialect in (dialect, provider.dialect)
        assert way.path in {**provider.paths, **provider.also.get(dialect, {})}.values()
    assert provider.way("openai", "no such operation", stream=False) is None


@EVERY
def test_a_key_never_travels_in_the_clear(kind: str, provider: Provider) -> None:
    if provider.key_env and provider.base_url:
        assert provider.base_url.startswith(("https://", "http://127.0.0.1:"))


@EVERY
def test_a_required_key_says_where_it_comes_from(kind: str, provider: Provider) -> None:
    assert provider.key_env or not provider.key_required
    assert all(re.fullmatch(r"[A-Z][A-Z0-9_]*", name) for name in provider.key_env)


@EVERY
def test_its_headers_are_lower_case_and_carry_no_credential(kind: str, provider: Provider) -> None:
    names = {*provider.headers, *provider.passes}
    assert all(TOKEN.fullmatch(name) for name in names)
    assert names & CREDENTIALS == set()


@EVERY
def test_what_it_refuses_is_not_also_renamed(kind: str, provider: Provider) -> None:
    assert provider.refuses & set(provider.renames) == set()


@EVERY
def test_what_it_takes_besides_or_refuses_is_of_the_unified_form(kind: str, provider: Provider) -> None:
    """docs/unified.md has a row for each field."""
    documented = set(re.findall(r"^\| `([\w.]+)` \|", (ROOT / "docs" / "unified.md").read_text(), re.MULTILINE))
    if "chat" in provider.can:
        assert {
            *provider.refuses,
            *provider.accepts,
            *provider.renames,
            *provider.fixed,
            *provider.clamps,
        } <= documented
    assert provider.refuses & (provider.accepts | provider.fixed.keys() | provider.clamps.keys()) == set()
    assert "model" not in provider.refuses | set(provider.renames)


@EVERY
def test_what_is_said_of_it_is_said_in_known_words(kind: str, provider: Provider) -> None:
    assert provider.title
    assert provider.can <= set(CAPABILITIES)
    assert provider.limits in {"", *FAMILIES}
    assert all(least < most for least, most in provider.clamps.values())
    assert provider.probe is None or provider.probe.startswith("/")


def test_what_can_be_asked_for_nothing_is_known_or_there_is_a_reason() -> None:
    """By the listing of models or by a probe; and a reason is not needed where there is one of them."""
    asked = {kind for kind, each in all_providers().items() if each.probe or each.mock or "models" in each.paths}
    assert asked | NO_PROBE.keys() == all_providers().keys()
    assert asked.isdisjoint(NO_PROBE)


@EVERY
def test_a_listing_is_read_where_there_is_one(kind: str, provider: Provider) -> None:
    assert provider.lists in {"", *LISTS}
    assert bool(provider.lists) == ("models" in provider.paths)


@EVERY
def test_what_it_offers_has_a_path(kind: str, provider: Provider) -> None:
    """And what it has a path for it offers."""
    paths = {*provider.paths, *(operation for each in provider.also.values() for operation in each)}
    for capability in ("chat", "completions", "embeddings", *BESIDES):
        if capability in CAPABILITIES:
            assert (capability in provider.can) == (capability in paths), capability
    assert provider.can & {*ABOUT_CHATS} == set() or "chat" in provider.can


@EVERY
def test_every_hole_in_an_address_is_an_option(kind: str, provider: Provider) -> None:
    paths = [path for each in (provider.paths, *provider.also.values()) for path in each.values()]
    holes = set(re.findall(r"\{(\w+)\}", " ".join([provider.base_url or "", *paths])))
    assert holes - {"model"} <= provider.options.keys()


@EVERY
def test_a_key_is_never_printed(kind: str, provider: Provider) -> None:
    endpoint = Endpoint("there", kind, provider, "https://x", "sk-canary")
    assert "sk-canary" not in f"{endpoint!r} {endpoint}"


def test_a_bare_model_name_belongs_to_one_provider() -> None:
    claims = {pattern: kind for kind, provider in all_providers().items() for pattern in provider.models}
    for pattern, kind in claims.items():
        sample = pattern.replace("*", "x")
        owners = [other for other, provider in all_providers().items() if provider.claims(sample)]
        assert owners == [kind], sample
