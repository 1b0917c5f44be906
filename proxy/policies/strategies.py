"""Which of several targets is asked: the strategies, by name. Pure: dice, prices and standings are arguments.

A strategy is asked for one of the candidates that are fit to be asked; who is fit is not its affair.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from hashlib import blake2b
from itertools import accumulate
from math import log
from typing import NamedTuple

from proxy.call import Call, Target
from proxy.policies.standing import Standing

Dice = Callable[[], float]
#: What a call costs at a target, roughly; None where that is not known.
Price = Callable[[Target, Call], Decimal | None]


class Candidate(NamedTuple):
    """A target that may be asked. `weight` is above 0."""

    target: Target
    standing: Standing
    weight: float = 1.0


class Round(NamedTuple):
    """What a strategy chooses by. `turn` counts the choices of the route, from 0."""

    call: Call
    turn: int
    dice: Dice
    price: Price


Strategy = Callable[[Sequence[Candidate], Round], Candidate]


def by_priority(candidates: Sequence[Candidate], round: Round) -> Candidate:
    """The first in the order of the configuration."""
    return candidates[0]


def in_turn(candidates: Sequence[Candidate], round: Round) -> Candidate:
    return candidates[round.turn % len(candidates)]


def by_dice(candidates: Sequence[Candidate], round: Round) -> Candidate:
    return candidates[int(round.dice() * len(candidates))]


def by_weight(candidates: Sequence[Candidate], round: Round) -> Candidate:
    return drawn(candidates, [each.weight for each in candidates], round.dice)


def by_load(candidates: Sequence[Candidate], round: Round) -> Candidate:
    """The one with the least on its way, for its weight; equals take turns, or the odds are as the weights where those differ."""
    least = min(each.standing.in_flight / each.weight for each in candidates)
    equal = [each for each in candidates if each.standing.in_flight / each.weight == least]
    return (in_turn if len({each.weight for each in equal}) == 1 else by_weight)(equal, round)


def by_latency(candidates: Sequence[Candidate], round: Round) -> Candidate:
    """The quicker, the likelier: the odds are one over the latency. One that was never asked counts as the quickest.

    Nobody is left out for good, so a target that has become quick again is noticed.
    """
    known = [each.standing.latency for each in candidates]
    quickest = min((latency for latency in known if latency), default=1.0)
    return drawn(candidates, [1 / (latency or quickest) for latency in known], round.dice)


def by_price(candidates: Sequence[Candidate], round: Round) -> Candidate:
    """The cheapest; what is not known to be cheap is not. Among equals the first."""
    prices = [round.price(each.target, round.call) for each in candidates]
    known = [price for price in prices if price is not None]
    return candidates[prices.index(min(known))] if known else candidates[0]


#: Name in the configuration -> strategy.
STRATEGIES: Mapping[str, Strategy] = {
    "priority": by_priority,
    "round_robin": in_turn,
    "least_connections": by_load,
    "latency": by_latency,
    "weighted": by_weight,
    "cheapest": by_price,
    "random": by_dice,
}


def drawn(candidates: Sequence[Candidate], odds: Sequence[float], dice: Dice) -> Candidate:
    marks = list(accumulate(odds))
    mark = dice() * marks[-1]
    return next((each for each, upto in zip(candidates, marks, strict=True) if mark < upto), candidates[-1])


def kept(candidates: Sequence[Candidate], key: str) -> Candidate:
    """The same one for the same key, as long as it is among them, and each as often as its weight says.

    Weighted rendezvous hashing: who goes takes only its own keys along (Thaler and Ravishankar, 1998).
    """

    def score(candidate: Candidate) -> float:
        target = candidate.target
        digest = blake2b(f"{key}\0{target.name}\0{target.model}".encode("utf-8", "replace"), digest_size=8).digest()
        # -weight / ln(u), without a logarithm of 0: u is above 0 and below 1.
        return -candidate.weight / log((int.from_bytes(digest) + 0.5) / 2**64)

    return max(candidates, key=score)
