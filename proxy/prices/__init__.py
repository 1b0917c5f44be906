"""Usage times price: what a call has cost, what it may cost. Decimal dollars, exact to the last digit, or None.

Pure: the time is an argument. What is not known is None and never 0: a bucket that holds tokens and has no price makes the whole
unknown. What a provider says itself that it takes goes before everything. Where prices come from is not known here.
"""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal
from operator import attrgetter
from typing import Protocol

from proxy.call import BUCKETS, Usage, plain
from proxy.prices.price import EXACT, FINEST, ORDER, USUAL, Price, Rates

__all__ = ["MEDIA", "Price", "Priced", "Rates", "cost", "estimate", "plain"]

COUNTS = attrgetter(*BUCKETS, "searches")
fma, scaleb = EXACT.fma, EXACT.scaleb

REMEMBERED = 512
#: Media whose tokens may cost more than those of text.
MEDIA = ("audio", "image")
PROMPT = ("input", "cache_read", "cache_write", "cache_write_1h", "audio_input", "audio_cache_read", "image_input")
ANSWER = ("output", "reasoning", "audio_output", "image_output")


class Priced(Protocol):
    """What has a price, a `proxy.models.Model` first of all."""

    @property
    def price(self) -> Price | None: ...


def cost(usage: Usage, model: Priced | None, at: float) -> Decimal | None:
    """Dollars. `at`: when the call was made, in seconds since the epoch."""
    if usage.cost is not None:
        return usage.cost
    if model is None or (price := model.price) is None:
        return None
    rates = price.usual if usage.tier in USUAL else None
    if rates is None:
        rates = price.rates(usage.tier, usage.prompt, at)
        if rates is None:
            return None
    simple = rates.simple
    # Spelled out: every call is asked this.
    if simple is not None and not (
        usage.cache_write
        or usage.audio_input
        or usage.audio_output
        or usage.cache_write_1h
        or usage.audio_cache_read
        or usage.image_input
        or usage.image_output
        or usage.searches
    ):
        into, read, out, thought = simple
        cached = usage.cache_read
        if read is not None or not cached:
            amount = usage.input * into + cached * (read or 0) + usage.output * out + usage.reasoning * thought
            return scaleb(Decimal(amount), FINEST)
    total = rates.request
    if total is None:
        return None
    for count, rate in zip(COUNTS(usage), rates.each, strict=True):
        if count:
            if rate is None:
                return None
            total = fma(count, rate, total)
    return total


def estimate(
    model: Priced | None,
    prompt: int,
    answer: int,
    at: float,
    *,
    tier: str = "",
    worst: bool = False,
    media: Collection[str] = (),
) -> Decimal | None:
    """What a call of so many tokens costs: all of them as plain input and output, or at worst the dearest of what they may be.

    At worst all of the prompt is written to the dearest cache, and what may be audio or an image, which `media` names, is.
    """
    if model is None or model.price is None:
        return None
    rates = model.price.rates(tier, prompt, at)
    if rates is None or rates.request is None:
        return None
    into, out = worst_of(rates, tuple(media)) if worst else (rates.get("input"), rates.get("output"))
    if (into is None and prompt) or (out is None and answer):
        return None
    return fma(answer, out or 0, fma(prompt, into or 0, rates.request))


_worst: dict[tuple[int, tuple[str, ...]], tuple[Rates, Decimal | None, Decimal | None]] = {}


def worst_of(rates: Rates, media: tuple[str, ...]) -> tuple[Decimal | None, Decimal | None]:
    """The dearest that a token of the prompt may be, and one of the answer. Remembered: the same few rates are asked for."""
    known = _worst.get((id(rates), media))
    if known is not None and known[0] is rates:
        return known[1], known[2]
    found = dearest(rates, PROMPT, media), dearest(rates, ANSWER, media)
    if len(_worst) >= REMEMBERED:
        _worst.clear()
    _worst[id(rates), media] = rates, *found
    return found


def dearest(rates: Rates, buckets: Collection[str], media: Collection[str]) -> Decimal | None:
    """None where the price of plain text is not known."""
    plain_text, *others = [rates.each[ORDER.index(name)] for name in buckets if allowed(name, media)]
    return None if plain_text is None else max([plain_text, *(rate for rate in others if rate is not None)])


def allowed(bucket: str, media: Collection[str]) -> bool:
    kind = bucket.partition("_")[0]
    return kind not in MEDIA or kind in media
