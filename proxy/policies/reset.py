"""When a limit is whole again, of which providers tell only how many seconds that is from some moment. Times are arguments."""

from __future__ import annotations


class Reset:
    """When a limit is whole again, by all that was told of one reset.

    Seconds may have been counted when the question came or when the answer left. Told again and again, one of the two comes
    to the same moment each time; until that shows, the later one is believed.
    """

    __slots__ = ("_from_answers", "_from_questions")

    def __init__(self, since: float, now: float, reset: float) -> None:
        self._from_questions = (since + reset, since + reset)
        self._from_answers = (now + reset, now + reset)

    def hear(self, since: float, now: float, reset: float) -> None:
        (low, high), at = self._from_questions, since + reset
        self._from_questions = min(low, at), max(high, at)
        (low, high), at = self._from_answers, now + reset
        self._from_answers = min(low, at), max(high, at)

    @property
    def soonest(self) -> float:
        return self._from_questions[1]

    @property
    def at(self) -> float:
        (first, last), (low, high) = self._from_questions, self._from_answers
        return last if last - first < (high - low) / 2 else low
