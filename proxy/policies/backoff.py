"""How long to wait before an attempt is made again, and how many may be. Pure: dice are an argument.

Full jitter: any time up to a bound that grows, https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

#: What SDKs made by Stainless (OpenAI, Anthropic and others) say of a request that they send again: 1 for the first time.
COUNT_OF_CALLER = "x-stainless-retry-count"


class RetryRule(NamedTuple):
    """attempts: in all, the first one included; initial, cap: seconds; jitter: whether a wait is any time up to its bound.

    longest: seconds; a provider that asks for more is not waited for.
    """

    attempts: int = 3
    initial: float = 0.1
    multiplier: float = 2.0
    cap: float = 10.0
    jitter: bool = True
    longest: float = 60.0


def wait_before(rule: RetryRule, made: int, dice: Callable[[], float], asked: float | None = None) -> float:
    """Seconds until the next attempt, after `made` ones; at least what the provider `asked` for. `dice` rolls 0 to 1."""
    bound = min(rule.cap, rule.initial * rule.multiplier ** (made - 1))
    own = bound * dice() if rule.jitter else bound
    return max(own, asked or 0.0)


def attempts_left(rule: RetryRule, caller: Mapping[str, str]) -> int:
    """How many attempts a call may have. Those that the application's own SDK makes are counted in; one is always left."""
    count = caller.get(COUNT_OF_CALLER)
    if count is None or not (count.isascii() and count.isdecimal() and len(count) < 4):
        return rule.attempts
    return max(1, rule.attempts - int(count))
