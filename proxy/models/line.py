"""What is known of one model, and how a line of the table says it: its name, what it can, its limits, its price.

Pure. How a price is written is known to `proxy.prices`; it is read when somebody asks for it. The letters are explained at the
table's head as well. What a line leaves empty is not known, and is None.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from proxy.prices import Price


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


class Model(NamedTuple):
    """Limits are in tokens. `dimensions`: of an embedding, unless asked otherwise. `inputs`, `outputs`: modalities.

    can:   words of `proxy.providers.CAPABILITIES`.
    known: whether it cannot do what is not in `can`; otherwise that is not known.
    price: None where nothing is known of it.
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
    price: Price | None = None


class Entry(NamedTuple):
    """What the operator says of a model, laid over what the table says. `model` is a name or a pattern (fnmatch).

    `like` names the table's model that it is, for a deployment with a name of its own; `price` is in the notation of
    `proxy.prices.notation`, "" for one that nobody knows. None: nothing is said.
    """

    provider: str
    model: str
    like: str | None = None
    context_window: int | None = None
    max_output: int | None = None
    dimensions: int | None = None
    can: frozenset[str] | None = None
    price: str | None = None


def parse_line(kind: str, line: str) -> Model:
    name, letters, context, output, dimensions, price = (line.split("\t") + [""] * 5)[:6]
    can, known, inputs, outputs = meaning(letters)
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
        priced(price, kind) if price else None,
    )


@cache
def meaning(letters: str) -> tuple[frozenset[str], bool, tuple[str, ...], tuple[str, ...]]:
    """Capabilities, whether they are all, modalities in and out."""
    can = frozenset(LETTERS[letter] for letter in letters if letter in LETTERS)
    inputs = () if "h" in letters else ("text",)
    outputs = ("text",) if SPEAKING & set(letters) else ()
    taken, given = (tuple(names[letter] for letter in letters if letter in names) for names in (TAKEN, GIVEN))
    return can, UNKNOWN not in letters, inputs + taken, outputs + given


def priced(text: str, kind: str) -> Price:
    """A price as it is written. Who asks for no model's price has nothing of prices in memory."""
    from proxy.prices.price import Price

    return Price(text, kind)
