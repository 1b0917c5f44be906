"""What headers tell of limits: each family as it is documented and recorded, and everything that is no number."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.providers import Provider, all_providers
from proxy.ratelimits import FAMILIES, Limit, Limits, limits_in
from tests.matrix.recorded import RECORDINGS, WIRE, Recording

NOW = 1754667634.0
#: Folders of recordings that are called otherwise than the kind.
KIND_OF = {"openai-responses": "openai_responses", "azure": "azure_openai", "vertex-anthropic": "vertex_anthropic"}
#: family -> headers as its page or a recording has them, and what they tell.
DOCUMENTED = {
    "openai": (
        {
            "x-ratelimit-limit-requests": "60",
            "x-ratelimit-limit-tokens": "150000",
            "x-ratelimit-remaining-requests": "59",
            "x-ratelimit-remaining-tokens": "149984",
            "x-ratelimit-reset-requests": "1h8m25.745s",
            "x-ratelimit-reset-tokens": "261ms",
        },
        Limits(Limit(60, 59, 4105.745), Limit(150000, 149984, 0.261)),
    ),
    "azure": (
        {
            "x-ratelimit-limit-requests": "50",
            "x-ratelimit-remaining-requests": "49",
            "x-ratelimit-reset-requests": "1",
            "x-ratelimit-remaining-tokens": "0",
            "retry-after-ms": "1500",
            "retry-after": "2",
        },
        Limits(Limit(50, 49, 1.0), Limit(None, 0, 1.5)),
    ),
    "anthropic": (
        {
            "anthropic-ratelimit-requests-limit": "4000",
            "anthropic-ratelimit-requests-remaining": "3999",
            "anthropic-ratelimit-requests-reset": "2025-08-08T15:41:34Z",
            "anthropic-ratelimit-input-tokens-limit": "200000",
            "anthropic-ratelimit-input-tokens-remaining": "199000",
            "anthropic-ratelimit-output-tokens-limit": "80000",
            "anthropic-ratelimit-output-tokens-remaining": "1000",
            "anthropic-ratelimit-output-tokens-reset": "2025-08-08T15:40:34.5Z",
        },
        Limits(Limit(4000, 3999, 60.0), Limit(80000, 1000, 0.5)),
    ),
    "mistral": (
        {
            "x-ratelimit-limit-req-minute": "100",
            "x-ratelimit-remaining-req-minute": "95",
            "x-ratelimit-limit-tokens-minute": "500000",
            "x-ratelimit-remaining-tokens-minute": "499384",
            "x-ratelimit-limit-tokens-month": "1000000000",
            "x-ratelimit-remaining-tokens-month": "999993790",
        },
        Limits(Limit(100, 95), Limit(500000, 499384)),
    ),
    "cerebras": (
        {
            "x-ratelimit-limit-requests-day": "14400",
            "x-ratelimit-remaining-requests-day": "14399",
            "x-ratelimit-reset-requests-day": "33011.382867",
            "x-ratelimit-limit-tokens-minute": "60000",
            "x-ratelimit-remaining-tokens-minute": "59000",
            "x-ratelimit-reset-tokens-minute": "11.38",
        },
        Limits(Limit(14400, 14399, 33011.382867), Limit(60000, 59000, 11.38)),
    ),
    "sambanova": (
        {
            "x-ratelimit-limit-requests": "20",
            "x-ratelimit-remaining-requests": "19",
            "x-ratelimit-reset-requests": "1754667660",
            "x-ratelimit-limit-requests-day": "400",
            "x-ratelimit-remaining-requests-day": "4",
            "x-ratelimit-reset-requests-day": "1754668634",
        },
        Limits(Limit(400, 4, 1000.0)),
    ),
    "fireworks": (
        {
            "x-ratelimit-limit-tokens-prompt": "11250000",
            "x-ratelimit-remaining-tokens-prompt": "11250000",
            "x-ratelimit-limit-tokens-generated": "36000",
            "x-ratelimit-remaining-tokens-generated": "0",
            "retry-after": "3",
        },
        Limits(Limit(), Limit(36000, 0, 3.0)),
    ),
    "together": (
        {
            "x-ratelimit-limit": "10",
            "x-ratelimit-remaining": "9.5",
            "x-ratelimit-reset": "1",
            "x-tokenlimit-limit": "3000",
            "x-tokenlimit-remaining": "2900",
        },
        Limits(Limit(10, 9, 1.0), Limit(3000, 2900)),
    ),
    "openrouter": (
        {"x-ratelimit-limit": "1", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "1754667660000"},
        Limits(Limit(1, 0, 26.0)),
    ),
}


def of(family: str) -> Provider:
    return Provider("openai", "https://x", limits=family)


def read(family: str, headers: Mapping[str, str], now: float = NOW) -> Limits | None:
    return limits_in(of(family), list(headers.items()), now)


@pytest.mark.parametrize("family", FAMILIES)
def test_what_a_family_tells(family: str) -> None:
    headers, told = DOCUMENTED[family]
    found = read(family, headers)
    assert found is not None
    for limit, wanted in zip(found, told, strict=True):
        assert limit[:2] == wanted[:2]
        assert limit.reset == (wanted.reset if wanted.reset is None else pytest.approx(wanted.reset))


@pytest.mark.parametrize(("kind", "provider"), all_providers().items(), ids=all_providers())
def test_each_provider_names_a_family_or_none(kind: str, provider: Provider) -> None:
    assert provider.limits in {"", *FAMILIES}


def test_each_family_is_some_provider_s() -> None:
    assert FAMILIES.keys() == {provider.limits for provider in all_providers().values()} - {""}


@pytest.mark.parametrize("family", [*FAMILIES, "", "unheard of"])
def test_nothing_told_is_none(family: str) -> None:
    assert read(family, {}) is None
    assert read(family, {"retry-after": "5", "content-type": "application/json"}) is None


@pytest.mark.parametrize("text", ["", "soon", "-1", "nan", "inf", "9" * 400, "1e9", "0x10", "½", "12 apples", "\0"])
def test_what_is_no_number_is_none(text: str) -> None:
    names = {name for family in FAMILIES.values() for each in (*family.requests, *family.tokens) for name in each}
    for family in FAMILIES:
        assert read(family, dict.fromkeys(names, text)) is None


def test_a_reset_that_has_passed_is_now() -> None:
    headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1754667600000"}
    assert read("openrouter", headers) == Limits(Limit(None, 0, 0.0))


def test_used_up_is_tighter_than_untold() -> None:
    headers = {"x-ratelimit-limit-requests": "20", "x-ratelimit-remaining-requests-day": "0"}
    assert read("sambanova", headers) == Limits(Limit(None, 0, None))


@given(
    st.sampled_from(sorted(FAMILIES)),
    st.dictionaries(st.sampled_from(sorted({*DOCUMENTED["openai"][0], *DOCUMENTED["anthropic"][0]})), st.text()),
    st.floats(0, 4e9),
)
def test_any_headers_are_read_or_left(family: str, headers: dict[str, str], now: float) -> None:
    for limit in read(family, headers, now) or ():
        assert limit.limit is None or limit.limit >= 0
        assert limit.remaining is None or limit.remaining >= 0
        assert limit.reset is None or 0 <= limit.reset < float("inf")


TELLING = [
    recording
    for recording in RECORDINGS.values()
    if recording.folder in all_providers() or recording.folder in KIND_OF
    if any("limit" in name and "remaining" in name for name in recording.headers)
    if "REDACTED" not in recording.headers.values()
]


@pytest.mark.skipif(not RECORDINGS, reason=f"no recordings in {WIRE}: nothing recorded was read")
def test_there_are_recorded_heads_with_limits() -> None:
    assert {recording.folder for recording in TELLING} >= {
        "openai",
        "anthropic",
        "groq",
        "mistral",
        "openrouter",
        "xai",
    }


@pytest.mark.parametrize("recording", TELLING, ids=lambda recording: recording.name)
def test_a_recorded_head_is_read(recording: Recording) -> None:
    """And a provider whose answers tell of limits has a family."""
    provider = all_providers()[KIND_OF.get(recording.folder, recording.folder)]
    found = limits_in(provider, list(recording.headers.items()), NOW)
    assert found is not None
    assert any(limit.limit is not None and limit.remaining is not None for limit in found)
    assert all((limit.remaining or 0) <= (limit.limit or 0) for limit in found)
