"""What the cache asks of others, what it plans for one call, and what it says where it has nothing. No decision is made here."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple, Protocol

from proxy.cache.recording import Recording
from proxy.cache.wish import Wish
from proxy.call import Call, Failure, Outcome, Usage
from proxy.config.cache import Rule
from proxy.policies.followers import Player as Teller

#: What a call costs for which nobody was asked.
NOTHING = Decimal(0)
#: A caller that wants a kept answer or none: RFC 9111, section 5.2.1.7.
NONE_KEPT = 504


class Player(Teller, Protocol):
    def tell_whole(self, call: Call, recording: Recording) -> None: ...
    def is_whole(self, recording: Recording) -> bool: ...


class Store(Protocol):
    """Where answers are kept. `find` looks in this pod, `fetch` where other pods keep theirs too, if there is such a place."""

    @property
    def fetches(self) -> bool: ...
    def find(self, key: str, call: Call, max_age: float | None) -> Recording | None: ...
    async def fetch(self, key: str, call: Call, max_age: float | None) -> Recording | None: ...
    def keep(self, key: str, model: str, recording: Recording) -> None: ...


class Plan(NamedTuple):
    """What is to become of a call's answer. `store` is None where it is only shared."""

    key: str
    rule: Rule
    wish: Wish
    store: Store | None


def refuse_only(wish: Wish) -> None:
    if wish.mode == "only":
        detail = "no answer to this is kept, and nothing else was wanted"
        raise Failure("blocked", detail, status=NONE_KEPT, param="cache", code="not_cached")


def free(call: Call) -> Outcome:
    """An answer for which nobody was asked."""
    return Outcome(200, Usage(), call.target, call.ttft, 0, NOTHING)
