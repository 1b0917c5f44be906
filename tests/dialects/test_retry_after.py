"""Every spelling of "not now", and everything that only looks like one."""

import time
from collections.abc import Mapping

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from proxy.dialects.retry_after import LONGEST, RESETS, parse_retry_after

DATE = "Fri, 08 Aug 2025 15:40:34 GMT"
NOW = 1754667634.0


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("5", 5.0),
        ("0", 0.0),
        ("1.5", 1.5),
        (".5", 0.5),
        ("+7", 7.0),
        (" 7 ", 7.0),
        ("261ms", 0.261),
        ("17.359s", 17.359),
        ("6m0s", 360.0),
        ("1h8m25.745s", 4105.745),
        ("2d", LONGEST),
        ("100000", LONGEST),
        ("9" * 400, LONGEST),
        ("9" * 400 + "s", LONGEST),
        ("Fri, 08 Aug 2025 15:41:34 GMT", 60.0),
        ("Friday, 08-Aug-25 15:41:34 GMT", 60.0),
        ("Fri Aug  8 15:41:34 2025", 60.0),
        ("Fri, 08 Aug 2025 15:41:34 -0000", 60.0),
        ("2025-08-08T15:41:34Z", 60.0),
        ("2025-08-08T17:41:34.5+02:00", 60.5),
        ("2025-08-08T15:41:34", 60.0),
        ("1754667660", 26.0),
        ("1754667660000", 26.0),
        ("1754667660.5", 26.5),
        ("Fri, 08 Aug 2020 15:41:34 GMT", 0.0),
        ("2020-08-08T15:41:34Z", 0.0),
        ("1000000000", 0.0),
        ("Fri, 08 Aug 2099 15:41:34 GMT", LONGEST),
    ],
)
def test_retry_after(text: str, seconds: float) -> None:
    assert parse_retry_after({"retry-after": text, "date": DATE}) == pytest.approx(seconds)
    assert parse_retry_after({"retry-after": text}, now=NOW) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            " ",
            "-5",
            "-0.5",
            "nan",
            "inf",
            "-inf",
            "Infinity",
            "1e3",
            "1_000",
            "\u0663",
            "soon",
            "5, 6",
            "5 s",
            "s",
            "0x10",
        ),
        "Fri, 08 Aug 99999 15:41:34 GMT",
        "Fri, 32 Aug 2025 15:41:34 GMT",
        "Fri, 08 Aug 2025 15:41:34 +9999999999",
    ],
)
def test_what_says_nothing(text: str) -> None:
    assert parse_retry_after({"retry-after": text, "date": DATE}) is None
    assert parse_retry_after({"retry-after-ms": text, "date": DATE}) is None


def test_a_moment_needs_a_clock_and_then_the_next_spelling_counts() -> None:
    assert parse_retry_after({"retry-after": "Fri, 08 Aug 2025 15:41:34 GMT"}) is None
    assert parse_retry_after({"retry-after": "1754667660"}) is None
    assert parse_retry_after({"retry-after": "1754667660", "date": "yesterday"}) is None
    assert parse_retry_after({"retry-after": "1754667660"}, b'{"retryDelay": "3s"}') == 3.0


@pytest.mark.parametrize("text", ["2025-08-08T15:41:34", "Fri, 08 Aug 2025 15:41:34 -0000", "Fri Aug  8 15:41:34 2025"])
def test_a_date_without_a_zone_is_not_in_the_zone_of_this_machine(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "XYZ+5")
    time.tzset()
    try:
        assert parse_retry_after({"retry-after": text}, now=NOW) == 60.0
    finally:
        monkeypatch.undo()
        time.tzset()


def test_the_clock_handed_in_goes_before_the_providers() -> None:
    headers = {"retry-after": "Fri, 08 Aug 2025 15:41:34 GMT", "date": DATE}
    assert parse_retry_after(headers, now=NOW + 50) == 10.0


@pytest.mark.parametrize(
    ("headers", "body", "seconds"),
    [
        ({"retry-after-ms": "250", "retry-after": "9"}, b"", 0.25),
        ({"retry-after-ms": "-1", "retry-after": "9"}, b"", 9.0),
        ({"retry-after": "9"}, b'{"retryDelay":"2s"}', 9.0),
        ({}, b'{"error":{"details":[{"@type":"x.RetryInfo","retryDelay" : "34.074824224s"}]}}', 34.074824224),
        ({}, b'{"retryDelay":"-2s"}', None),
        ({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "8.64s"}, b"", 8.64),
        ({"x-ratelimit-remaining-requests": "1", "x-ratelimit-reset-requests": "8.64s"}, b"", None),
        ({"x-ratelimit-reset-requests": "8.64s"}, b"", None),
        ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "12"}, b"", 12.0),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1754667660000", "date": DATE}, b"", 26.0),
        ({}, b'{"message":"Limit 6000, Used 5914. Please try again in 17.359s. Visit"}', 17.359),
        ({}, b'{"message":"Please try again in 6m0s."}', 360.0),
        ({}, b'{"message":"Please retry after 26 seconds."}', 26.0),
        ({}, b'{"message":"try again in 1 second"}', 1.0),
        ({}, b'{"message":"Please try again in a while, in 3 days or 20 times"}', None),
    ],
)
def test_the_other_places(headers: Mapping[str, str], body: bytes, seconds: float | None) -> None:
    assert parse_retry_after(headers, body) == seconds


def test_of_several_limits_that_are_used_up_the_longest_reset_counts() -> None:
    headers = {
        "anthropic-ratelimit-requests-remaining": "0",
        "anthropic-ratelimit-requests-reset": "2025-08-08T15:40:44Z",
        "anthropic-ratelimit-output-tokens-remaining": "0",
        "anthropic-ratelimit-output-tokens-reset": "2025-08-08T15:41:04Z",
        "anthropic-ratelimit-input-tokens-remaining": "9",
        "anthropic-ratelimit-input-tokens-reset": "2025-08-08T15:59:59Z",
        "date": DATE,
    }
    assert parse_retry_after(headers) == 30.0


TEXTS = (
    st.text(max_size=12)
    | st.from_regex(r"[+-]?\d{1,25}(\.\d{1,5})?(ms|[dhms])?(Z|GMT)?", fullmatch=True)
    | st.from_regex(r"\d{1,5}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)?", fullmatch=True)
    | st.from_regex(r"[A-Z][a-z]{2}, \d{1,3} (Jan|Aug|Foo) \d{1,6} \d\d:\d\d:\d\d ([+-]\d{4,11}|GMT|X)", fullmatch=True)
)
NAMES = st.sampled_from(["retry-after", "retry-after-ms", "date", *(name for pair in RESETS for name in pair)])


@settings(max_examples=300, deadline=None, database=None)
@given(st.dictionaries(NAMES, TEXTS, max_size=5), st.binary(max_size=20), st.none() | st.floats(0, 4e9))
@example({"retry-after": "0001-01-01T00:00:00+23:59", "date": DATE}, b"", None)
@example({"retry-after": "9999-12-31T23:59:59-23:59", "date": DATE}, b"", None)
def test_anything_is_a_wait_of_at_most_a_day_or_nothing(
    headers: dict[str, str], body: bytes, now: float | None
) -> None:
    seconds = parse_retry_after(headers, body, now)
    assert seconds is None or 0 <= seconds <= LONGEST
