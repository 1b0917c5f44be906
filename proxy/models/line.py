"""What is known of one model, and how a line of the table says it: its name, what it can, its limits, its prices.

Pure. The letters are explained at the table's head as well. What a line leaves empty is not known, and is None.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

UNKNOWN = "?"

#: A letter of the table -> the capability it stands for, a word of `proxy.providers.CAPABILITIES`.
LETTERS: Mapping[str, str] = {
    "c": "chat",
    "s": "stream",
    "t": "tools",
    "p": "parallel_tools",
    "o": "structured_output",
    "v": "vision",
    "d": "documents",
    "a": "audio_input",
    "r": "reasoning",
    "k": "caching",
    "l": "completions",
    "e": "embeddings",
    "q": "rerank",
    "i": "images",
    "h": "transcriptions",
    "u": "speech",
    "m": "moderations",
}
#: Letter -> a modality besides text, in and out.
TAKEN: Mapping[str, str] = {"v": "image", "d": "file", "a": "audio", "V": "video"}
GIVEN: Mapping[str, str] = {"I": "image", "A": "audio"}
#: Those whose answers are text.
SPEAKING = frozenset("clh")


class Prices(NamedTuple):
    """Dollars per million tokens, each a string for Decimal; None where it is not known."""

    input: str | None = None
    output: str | None = None
    cache_read: str | None = None
    cache_write: str | None = None


class Model(NamedTuple):
    """Limits are in tokens. `dimensions`: of an embedding, unless asked otherwise. `inputs`, `outputs`: modalities.

    can:   words of `proxy.providers.CAPABILITIES`.
    known: whether it cannot do what is not in `can`; otherwise that is not known.
    above: from which prompt on which other prices hold, for all of the tokens.
    """

    kind: str
    name: str
    context_window: int | None = None
    max_output: int | None = None
    dimensions: int | None = None
    can: frozenset[str] = frozenset()
    known: bool = False
    inputs: tuple[str, ...] = ("text",)
    outputs: tuple[str, ...] = ("text",)
    prices: Prices | None = None
    above: tuple[int, Prices] | None = None


class Entry(NamedTuple):
    """What the operator says of a model, laid over what the table says. `model` is a name or a pattern (fnmatch).

    `like` names the table's model that it is, for a deployment with a name of its own. None: nothing is said.
    """

    provider: str
    model: str
    like: str | None = None
    context_window: int | None = None
    max_output: int | None = None
    dimensions: int | None = None
    can: frozenset[str] | None = None
    prices: Prices | None = None


def parse_line(kind: str, line: str) -> Model:
    name, letters, context, output, dimensions, prices, above = (line.split("\t") + [""] * 6)[:7]
    can, known, inputs, outputs = meaning(letters)
    start, _, higher = above.partition(":")
    return Model(
        kind,
        name,
        int(context) if context else None,
        int(output) if output else None,
        int(dimensions) if dimensions else None,
        can,
        known,
        inputs,
        outputs,
        parse_prices(prices) if prices else None,
        (int(start), parse_prices(higher)) if start else None,
    )


def parse_prices(text: str) -> Prices:
    return Prices(*[price or None for price in text.split(",")])


@cache
def meaning(letters: str) -> tuple[frozenset[str], bool, tuple[str, ...], tuple[str, ...]]:
    """Capabilities, whether they are all, modalities in and out."""
    can = frozenset(LETTERS[letter] for letter in letters if letter in LETTERS)
    inputs = () if "h" in letters else ("text",)
    outputs = ("text",) if SPEAKING & set(letters) else ()
    taken, given = (tuple(names[letter] for letter in letters if letter in names) for names in (TAKEN, GIVEN))
    return can, UNKNOWN not in letters, inputs + taken, outputs + given
