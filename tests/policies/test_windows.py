"""Windows hold what the clocks of their zone show, whatever those are set to, and follow one another without a gap."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from proxy.policies.windows import LATEST, LONGEST, Calendar, Window, zone_named

PERIODS = ("minute", "hour", "day", "month")
#: Clocks set by an hour and by half of one, at midnight, by a day; offsets of quarters; none at all.
ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "America/St_Johns",
    "America/Sao_Paulo",
    "Pacific/Apia",
    "Asia/Kathmandu",
    "Africa/Cairo",
    "America/Havana",
    "Antarctica/Troll",
    "Antarctica/Casey",
)
#: 1975 to 2037: the zones above have whole minutes then.
MOMENTS = st.integers(157_766_400, 2_145_916_800)


def at(per: str, zone: str, moment: float) -> Window:
    return Calendar(per, zone_named(zone)).at(moment)


def shown(per: str, zone: str, moment: int) -> tuple[object, ...]:
    """What tells one window from another on the clock of the zone."""
    local = datetime.fromtimestamp(moment, ZoneInfo(zone))
    parts: tuple[object, ...] = (local.year, local.month, local.day, local.hour, local.minute)
    whole = parts[: {"month": 2, "day": 3, "hour": 4, "minute": 5}[per]]
    return (*whole, local.utcoffset()) if per in ("hour", "minute") else whole


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(PERIODS), st.sampled_from(ZONES), MOMENTS)
@example("hour", "Australia/Lord_Howe", 1_775_314_800)
@example("day", "Pacific/Apia", 1_325_239_200)
@example("day", "America/Sao_Paulo", 1_541_300_400)
def test_a_window_is_what_the_clock_shows(per: str, zone: str, moment: int) -> None:
    window = at(per, zone, moment)
    assert window.start <= moment < window.end
    assert window.end - window.start <= LONGEST[per]
    assert at(per, zone, window.start) == at(per, zone, window.end - 1) == window
    assert at(per, zone, window.end).start == window.end
    assert at(per, zone, window.start - 1).end == window.start
    if zone != "America/St_Johns":
        assert shown(per, zone, moment) == shown(per, zone, window.start) == shown(per, zone, window.end - 1)
        assert shown(per, zone, window.end) != shown(per, zone, moment) != shown(per, zone, window.start - 1)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(PERIODS), st.sampled_from(ZONES), st.lists(MOMENTS, min_size=2, max_size=6))
def test_a_calendar_remembers_nothing_wrong(per: str, zone: str, moments: list[int]) -> None:
    one = Calendar(per, zone_named(zone))
    assert [one.at(moment) for moment in moments] == [at(per, zone, moment) for moment in moments]


def hours(window: Window) -> float:
    return (window.end - window.start) / 3600


def moment_of(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


@pytest.mark.parametrize(
    ("text", "zone", "length"),
    [
        ("2026-03-29T12:00:00+02:00", "Europe/Berlin", 23),
        ("2026-10-25T12:00:00+01:00", "Europe/Berlin", 25),
        ("2026-10-24T12:00:00+02:00", "Europe/Berlin", 24),
        ("2026-03-29T12:00:00+00:00", "UTC", 24),
        ("2018-11-04T12:00:00-02:00", "America/Sao_Paulo", 23),
        ("2011-12-29T12:00:00-10:00", "Pacific/Apia", 24),
    ],
)
def test_days_are_as_long_as_they_are(text: str, zone: str, length: int) -> None:
    assert hours(at("day", zone, moment_of(text))) == length


def test_the_day_that_never_was() -> None:
    """Samoa went from the 29th of December 2011 to the 31st."""
    before = at("day", "Pacific/Apia", moment_of("2011-12-29T12:00:00-10:00"))
    assert before.end == moment_of("2011-12-31T00:00:00+14:00")
    assert hours(at("day", "Pacific/Apia", before.end)) == 24


def test_a_midnight_that_is_shown_twice_begins_one_day() -> None:
    """St. John's set its clocks at one minute past midnight until 2011: an evening came after the day had begun."""
    again = moment_of("2010-11-06T23:30:00-03:30")
    window = at("day", "America/St_Johns", again)
    assert window.start == moment_of("2010-11-07T00:00:00-02:30")
    assert hours(window) == 25


def test_an_hour_that_is_shown_twice_is_two() -> None:
    first = at("hour", "Europe/Berlin", moment_of("2026-10-25T02:30:00+02:00"))
    second = at("hour", "Europe/Berlin", moment_of("2026-10-25T02:30:00+01:00"))
    assert second.start == first.end
    assert hours(first) == hours(second) == 1


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("2026-01-31T23:59:59+00:00", 31),
        ("2026-02-28T23:59:59+00:00", 28),
        ("2028-02-29T23:59:59+00:00", 29),
        ("2026-04-30T23:59:59+00:00", 30),
        ("2026-12-31T23:59:59+00:00", 31),
    ],
)
def test_months_end_when_they_end(text: str, days: int) -> None:
    window = at("month", "UTC", moment_of(text))
    assert hours(window) == days * 24
    assert window.end == moment_of(text) + 1
    assert datetime.fromtimestamp(window.end, UTC).day == 1


@pytest.mark.parametrize("moment", [-1e12, -1.0, 0.0, 0.5, 1e15, float(LATEST)])
@pytest.mark.parametrize("per", PERIODS)
def test_a_clock_may_show_anything(per: str, moment: float) -> None:
    window = at(per, "Europe/Berlin", moment)
    assert 0 < window.end - window.start <= LONGEST[per]
