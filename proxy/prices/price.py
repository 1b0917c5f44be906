"""A price: written on a line until somebody asks, then rates by the tier, the length of the prompt and the time. Pure.

Which bucket is paid at the rate of which other, where it has no price of its own, stands in the table FALLS, with the page that
says so. What no page says is not known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Context, Decimal
from typing import TYPE_CHECKING, NamedTuple

from proxy.call import BUCKETS

if TYPE_CHECKING:
    from proxy.prices.notation import Clause, Sheet, Window

#: Enough for every product of a price and a count: nothing is ever rounded.
EXACT = Context(prec=80)
MILLION = 6
NOTHING = Decimal(0)
#: As a power of ten of a dollar, what usual prices are whole numbers of.
FINEST = -15
ORDER = (*BUCKETS, "search")
#: Paid one by one: neither by the million, nor changed by a factor.
SINGLE = ("search", "request")

#: What providers call the tier that needs no name.
USUAL = frozenset({"", "auto", "default", "standard", "on_demand"})
#: Tiers that cost what the usual one does, by kind. https://console.groq.com/docs/flex-processing
ALIKE: Mapping[str, frozenset[str]] = {"groq": frozenset({"flex"})}


class Fall(NamedTuple):
    """A bucket without a price of its own is paid like another, unless a third one has its own."""

    bucket: str
    on: str
    unless: str = ""


#: https://platform.openai.com/docs/guides/reasoning: reasoning tokens are billed as output tokens. Anthropic's and Gemini's pages
#: say the same of thinking, and who bills them otherwise says what they cost.
ALWAYS = (Fall("reasoning", "output"),)
OPENAI = (
    # https://platform.openai.com/docs/guides/images-vision: image inputs are metered and charged in tokens, as text is.
    Fall("image_input", "input"),
    # https://developers.openai.com/api/docs/pricing: where no cached price is listed, there is no discount; models that draw have
    # one price of output, that of images.
    Fall("cache_read", "input"),
    Fall("image_output", "output"),
)
GEMINI = (
    # https://ai.google.dev/gemini-api/docs/pricing: one price for text, image, video and audio, unless audio has its own.
    Fall("image_input", "input"),
    Fall("audio_input", "input"),
    Fall("audio_cache_read", "cache_read", unless="audio_input"),
    # A model that speaks and has one output price: it is that of audio.
    Fall("audio_output", "output"),
)
#: https://docs.x.ai/developers/rate-limits: tokens of text, audio and images in the prompt are charged alike.
XAI = (Fall("image_input", "input"), Fall("audio_input", "input"), Fall("audio_cache_read", "cache_read"))
FALLS: Mapping[str, Sequence[Fall]] = {
    **dict.fromkeys(("openai", "openai_responses", "azure_openai", "azure_deployments"), OPENAI),
    **dict.fromkeys(("gemini", "vertex", "vertex_express", "vertex_openai"), GEMINI),
    "xai": XAI,
}


class Rates(NamedTuple):
    """Dollars for one of each: `each` in the order of ORDER, None where it is not known; `request` for the request as such.

    simple: what nearly all calls are made of, input, cache read, output and reasoning, in whole FINEST of a dollar; None where
            one of them cannot be said so, or the request as such costs something. A cache read may be None by itself.
    """

    each: tuple[Decimal | None, ...]
    request: Decimal | None
    simple: tuple[int, int | None, int, int] | None = None

    def get(self, bucket: str) -> Decimal | None:
        return self.request if bucket == "request" else self.each[ORDER.index(bucket)]


class Times(NamedTuple):
    """A sheet, and what decides between its rates."""

    sheet: Sheet
    tiers: frozenset[str]
    lengths: tuple[int, ...]
    windows: tuple[tuple[int, Window], ...]


class Price:
    """What a model costs. `kind` is its provider's, which decides what is paid like what."""

    __slots__ = ("_made", "_times", "kind", "text", "usual")

    def __init__(self, text: str, kind: str = "") -> None:
        self.text = text
        self.kind = kind
        #: The rates of the usual tier, where they are the same at all times and for all prompts; None where not, or not yet read.
        self.usual: Rates | None = None
        self._times: tuple[Times, ...] = ()
        self._made: dict[tuple[int, str, int, int], Rates] = {}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Price) and (self.text, self.kind) == (other.text, other.kind)

    def __hash__(self) -> int:
        return hash((self.text, self.kind))

    def __repr__(self) -> str:
        return f"Price({self.text!r}, {self.kind!r})"

    def rates(self, tier: str, prompt: int, at: float) -> Rates | None:
        """For a prompt of so many tokens, `at` a time in seconds since the epoch. None where the tier is not priced."""
        times = self._at(at)
        if tier:
            tier = tier.lower()
            if tier in USUAL or tier in ALIKE.get(self.kind, ()):
                tier = ""
            elif tier not in times.tiers:
                return None
        above = window = 0
        for length in times.lengths:
            if length < prompt:
                above = length
        for place, one in times.windows:
            if one.holds(at):
                window = place
                break
        key = (times.sheet.since, tier, above, window)
        try:
            return self._made[key]
        except KeyError:
            said = laid(times.sheet.clauses, tier, above, window)
        self._made[key] = rates = made(said, (*ALWAYS, *FALLS.get(self.kind, ())))
        return rates

    def sheet(self, at: float) -> Sheet:
        """What holds at a time."""
        return self._at(at).sheet

    def coming(self, at: float) -> list[int]:
        """When it will be another one."""
        return [times.sheet.since for times in self._all() if times.sheet.since > at]

    def _at(self, at: float) -> Times:
        first, *later = self._times or self._all()
        for times in later:
            if times.sheet.since <= at:
                first = times
        return first

    def _all(self) -> tuple[Times, ...]:
        if not self._times:
            from proxy.prices.notation import parse_price  # costs nothing where no price is asked for

            self._times = tuple(map(times_of, parse_price(self.text)))
            (first, *later) = self._times
            if not later and not first.lengths and not first.windows:
                self.usual = self.rates("", 0, 0)
        return self._times


def times_of(sheet: Sheet) -> Times:
    clauses = sheet.clauses
    return Times(
        sheet,
        frozenset(tier for clause in clauses for tier in clause.tiers),
        tuple(sorted({clause.above for clause in clauses if clause.above})),
        tuple((place, clause.window) for place, clause in enumerate(clauses) if clause.window is not None),
    )


def laid(clauses: Sequence[Clause], tier: str, above: int, window: int) -> dict[str, Decimal | None]:
    """All that is said for prompts of more than `above` tokens: the window over the rest, lengths over it, the tier over them."""
    said = dict(clauses[0].said)
    if window:
        said |= clauses[window].said
    for named in (False, True):
        fitting = [one for one in clauses[1:] if not one.window and (tier in one.tiers if named else not one.tiers)]
        for clause in sorted(fitting, key=lambda one: one.above):
            if clause.above > above:
                continue
            if clause.factor is not None:
                said = {name: multiplied(name, rate, clause.factor) for name, rate in said.items()}
            said |= clause.said
    return said


def multiplied(name: str, rate: Decimal | None, factor: Decimal) -> Decimal | None:
    return rate if rate is None or name in SINGLE else EXACT.multiply(rate, factor)


def made(said: Mapping[str, Decimal | None], falls: Sequence[Fall]) -> Rates:
    """From dollars per million to dollars for one, with what falls on what."""
    whole = dict(said)
    for fall in falls:
        if fall.bucket not in whole and fall.on in whole and fall.unless not in said:
            whole[fall.bucket] = whole[fall.on]
    each = tuple(single(name, whole.get(name)) for name in ORDER)
    request = whole.get("request", NOTHING)
    return Rates(each, request, None if request is None or request else simple(each))


def simple(each: Sequence[Decimal | None]) -> tuple[int, int | None, int, int] | None:
    into, read, out, thought = [
        whole_of(each[ORDER.index(name)]) for name in ("input", "cache_read", "output", "reasoning")
    ]
    if into is None or out is None or thought is None or (read is None and each[ORDER.index("cache_read")] is not None):
        return None
    return into, read, out, thought


def whole_of(rate: Decimal | None) -> int | None:
    """None for what is not known, or finer than FINEST."""
    many = None if rate is None else EXACT.scaleb(rate, -FINEST)
    return None if many is None or many != (number := int(many)) else number


def single(name: str, rate: Decimal | None) -> Decimal | None:
    return rate if rate is None or name in SINGLE else EXACT.scaleb(rate, -MILLION)
