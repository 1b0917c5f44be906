"""What was spent, by budget, by value and by window: settled for good, or held by calls that are under way.

It outlives configurations, and knows no amount that may be spent. Of each purse the last few windows are kept, so that a clock
that is set back finds what it left. Money is in whole picodollars. What is settled is told to whoever writes it down.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

#: Windows of one purse, the one used longest ago goes first.
WINDOWS = 4
#: Purses of all budgets together: those settled longest ago are forgotten, though not by who still holds them.
MOST = 10_000


class Entry(NamedTuple):
    """What is settled of one purse in one window: all of it, so that the latest entry alone is true."""

    purse: str
    start: int
    money: int
    tokens: int


class Tally:
    """One window. `money` and `tokens` are settled, `held_*` are what calls under way may take at most.

    warned: whether it was said that it is nearly spent. pools: what this pod has of it together with others.
    """

    __slots__ = ("held_money", "held_tokens", "money", "pools", "start", "tokens", "warned")

    def __init__(self, start: int) -> None:
        self.start = start
        self.money = self.tokens = self.held_money = self.held_tokens = 0
        self.warned = False
        self.pools: Any = None

    @property
    def idle(self) -> bool:
        return not (self.money or self.tokens or self.held_money or self.held_tokens)


class Purse:
    """What one budget has spent for one value, by window."""

    __slots__ = ("key", "windows")

    def __init__(self, key: str) -> None:
        self.key = key
        self.windows: OrderedDict[int, Tally] = OrderedDict()

    def at(self, start: int) -> Tally:
        """The window that begins then. One that is forgotten may still be held: it is settled to no effect."""
        tally = self.windows.get(start)
        if tally is None:
            tally = self.windows[start] = Tally(start)
            if len(self.windows) > WINDOWS:
                self.windows.popitem(last=False)
        self.windows.move_to_end(start)
        return tally

    def idle(self, start: int) -> bool:
        """Whether nothing is spent or held in the window that begins then."""
        return start not in self.windows or self.windows[start].idle


class Book:
    """Every purse. `changed`, where set, is called with each entry's purse and window as it is settled."""

    def __init__(self) -> None:
        self.purses: OrderedDict[str, Purse] = OrderedDict()
        self.changed: Callable[[Purse, Tally], None] | None = None

    def purse(self, key: str) -> Purse:
        """It is known to everybody from now on, so that what is held of it is not forgotten."""
        purse = self.purses.get(key) or Purse(key)
        self._keep(purse)
        return purse

    def settle(self, purse: Purse, tally: Tally, money: int, tokens: int) -> None:
        tally.money += money
        tally.tokens += tokens
        self._keep(purse)
        if self.changed is not None and (money or tokens):
            self.changed(purse, tally)

    def add(self, entry: Entry) -> None:
        """What somebody else spent before, or beside. That alone is no change: it comes from where changes go."""
        purse = self.purse(entry.purse)
        tally = purse.at(entry.start)
        if tally.money or tally.tokens:
            self.settle(purse, tally, entry.money, entry.tokens)
        else:
            tally.money, tally.tokens = entry.money, entry.tokens

    def recall(self, entry: Entry) -> None:
        """What was once spent here, and may be known already."""
        tally = self.purse(entry.purse).at(entry.start)
        tally.money, tally.tokens = max(tally.money, entry.money), max(tally.tokens, entry.tokens)

    def entries(self) -> Iterator[Entry]:
        """All that is settled, in the order in which it was."""
        for key, purse in self.purses.items():
            for start, tally in purse.windows.items():
                if tally.money or tally.tokens:
                    yield Entry(key, start, tally.money, tally.tokens)

    @property
    def fill(self) -> tuple[int, int]:
        return len(self.purses), MOST

    def _keep(self, purse: Purse) -> None:
        """One that was forgotten comes back with whoever still holds it."""
        if purse.key not in self.purses:
            self.purses[purse.key] = purse
            if len(self.purses) > MOST:
                self.purses.popitem(last=False)
        self.purses.move_to_end(purse.key)
