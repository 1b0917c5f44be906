"""The minute, the hour, the day or the month of some moment, as the clocks of a time zone show it. Pure.

Days and months begin when the clock first shows them, whatever it is set to afterwards: they are as long as they are, 23 and 25
hours too. Where a clock is set, an hour that is shown twice is two hours, and each has its own. Times are whole seconds since the
epoch (https://docs.python.org/3/library/zoneinfo.html, PEP 495 for what is shown twice or never).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import NamedTuple

LENGTHS = {"minute": 60, "hour": 3600}
#: Seconds that a window of this name lasts at most: clocks are set by up to three hours in the Antarctic.
LONGEST = {"minute": 60, "hour": 3600, "day": 27 * 3600, "month": 31 * 86400 + 3 * 3600}
#: A clock may show anything; a calendar ends.
LATEST = 253_000_000_000


class Window(NamedTuple):
    """From `start` on, and before `end`."""

    start: int
    end: int


class Calendar:
    """`at` says which window a moment is in. `per`: minute, hour, day, month."""

    def __init__(self, per: str, zone: tzinfo = UTC) -> None:
        self._zone = zone
        self._length = LENGTHS.get(per, 0)
        self._first: Callable[[date], date] = first_of_month if per == "month" else same_day
        self._now = Window(0, 0)

    def at(self, wall: float) -> Window:
        now = self._now
        if not now.start <= wall < now.end:
            moment = int(min(max(wall, 0.0), LATEST))
            now = self._now = self._short(moment) if self._length else self._long(moment)
        return now

    def _short(self, moment: int) -> Window:
        """As long as the clock goes on as it does: setting it ends the window."""
        offset = self._offset(moment)
        start = moment - (moment + offset) % self._length
        end = start + self._length
        if self._offset(start) != offset:
            start = turn(start, moment, lambda at: self._offset(at) == offset)
        if self._offset(end - 1) != offset:
            end = turn(moment, end - 1, lambda at: self._offset(at) != offset)
        return Window(start, end)

    def _long(self, moment: int) -> Window:
        today = self._first(datetime.fromtimestamp(moment, self._zone).date())
        following = self._following(today)
        if self._opens(following) <= moment:  # it was shown, and then the clock was set back behind it
            today, following = following, self._following(following)
        return Window(self._opens(today), self._opens(following))

    def _following(self, day: date) -> date:
        return self._first(day + timedelta(days=32 if self._first is first_of_month else 1))

    def _opens(self, day: date) -> int:
        """The first moment at which the clock shows this day, or a later one where it never does."""
        midnight = datetime(day.year, day.month, day.day, tzinfo=self._zone)
        early, late = sorted(int(midnight.replace(fold=fold).timestamp()) for fold in (0, 1))
        if early == late or self._shows(day, early):
            return early
        return turn(early, late, lambda at: self._shows(day, at))

    def _shows(self, day: date, moment: int) -> bool:
        return datetime.fromtimestamp(moment, self._zone).date() >= day

    def _offset(self, moment: int) -> int:
        offset = datetime.fromtimestamp(moment, self._zone).utcoffset()
        return 0 if offset is None else int(offset.total_seconds())


def turn(before: int, after: int, turned: Callable[[int], bool]) -> int:
    """The first moment at which it has `turned`, which it has not `before` and has `after`."""
    while after - before > 1:
        middle = (before + after) // 2
        before, after = (before, middle) if turned(middle) else (middle, after)
    return after


def same_day(day: date) -> date:
    return day


def first_of_month(day: date) -> date:
    return day.replace(day=1)


def zone_named(name: str) -> tzinfo:
    if name == "UTC":
        return UTC
    from zoneinfo import ZoneInfo  # only who names one pays for it

    return ZoneInfo(name)
