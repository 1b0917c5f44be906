"""What is written down of a soak: how each call ended, what its providers did to it, and everything that was wrong.

A failure is explained when a provider had failed the call, was away, or the soak's own loop was late. Whatever is not is wrong.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from typing import NamedTuple

#: Wrongs that are told in full.
TOLD = 20
#: Seconds for which what happened to a provider explains what its callers see.
AFTERMATH = 1.0
#: Seconds that the soak's own loop may be late before it may be the cause of timeouts.
LATE = 0.5


class Ended(NamedTuple):
    """good: whole, and its own. refused: an error in the caller's dialect. broken: begun, and visibly not complete.

    left: the application hung up. `began` and `seconds` are monotonic.
    """

    outcome: str
    speech: str
    stream: bool
    began: float
    seconds: float
    attempts: int = 0
    status: int = 0


class Book:
    def __init__(self) -> None:
        self.calls: dict[str, Ended] = {}
        self.wrongs: Counter[str] = Counter()
        self.words: list[str] = []
        self.faults: Counter[str] = Counter()
        self.requests: Counter[str] = Counter()
        self.restarts = 0
        self.reloads: Counter[str] = Counter()
        self._met: dict[str, list[str]] = defaultdict(list)
        self._away: set[str] = set()
        self._upset = self._hung_up = float("-inf")

    def wrong(self, what: str, words: str) -> None:
        self.wrongs[what] += 1
        if len(self.words) < TOLD:
            self.words.append(f"{what}: {words}")

    # ---- providers

    def asked(self, provider: str) -> None:
        self.requests[provider] += 1

    def met(self, call: str, fault: str) -> None:
        self.faults[fault] += 1
        self._met[call].append(fault)

    def left(self, provider: str) -> None:
        self.restarts += 1
        self._away.add(provider)

    def came_back(self, provider: str) -> None:
        self._away.discard(provider)
        self._upset = self._now()

    def hung_up(self) -> None:
        """A provider is about to end an idle connection. What is relayed as it came is not sent again on another one."""
        self._hung_up = self._now()

    def late(self, seconds: float) -> None:
        """The soak's own loop was."""
        if seconds > LATE:
            self._upset = self._now()

    # ---- calls

    def ended(self, call: str, ended: Ended, words: str = "") -> None:
        faults = self._met.pop(call, None)
        if ended.outcome in ("refused", "broken") and not faults and not self._explained(ended):
            self.wrong("a failure without a cause", f"{call} {ended} {words}")
        self.calls[call] = ended

    def _explained(self, ended: Ended) -> bool:
        """By what happened to providers, or to the breakers that remember it, while the call was there or shortly before."""
        if ended.speech == "relayed" and self._hung_up > ended.began - AFTERMATH:
            return True
        return bool(self._away) or self._upset > ended.began - AFTERMATH or ended.status == 503

    @property
    def outcomes(self) -> Counter[str]:
        return Counter(ended.outcome for ended in self.calls.values())

    @staticmethod
    def _now() -> float:
        return time.monotonic()
