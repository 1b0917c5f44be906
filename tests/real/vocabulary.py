"""What the tiny model can read and say: a token for every byte, and words that each lead to one next word.

Which word follows which is all that the model knows. A prompt is therefore chosen by its last word, and the answer is
known beforehand, although every token of it has gone through the server's tokenizer, its matrices and its sampler.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain, pairwise
from typing import NamedTuple

END = "<|end|>"
ROLES = ("<|system|>", "<|user|>", "<|assistant|>", "<|tool|>", "<|tools|>")
CONTROLS = (END, *ROLES)

#: The last word of a prompt -> the tokens of the answer, after which the model ends its turn. A token that stands in two answers
#: is followed by the same one in both. "Sunny" is what the tool of "Weather" is to say.
ANSWERS: Mapping[str, tuple[str, ...]] = {
    "Greet": ("Hello", " wörld", " of", " 🌍", " streams", "."),
    "Ponder": ("<think>", "Is", " it", " so", "?", "</think>", "It", " is", "."),
    "Weather": (
        "<tool_call>",
        '{"name": "get_weather", ',
        '"arguments": {"city": ',
        '"Zürich"',
        "}}",
        "</tool_call>",
    ),
    "Sunny": ("The", " sun", " shines", "!"),
}

#: "Count" has no end: it goes round until the server or the caller stops it.
COUNTING = (" one", " two", " three", " four", " five", " six", " seven", " eight", " nine")
ENDLESS: Mapping[str, tuple[str, ...]] = {"Count": COUNTING}

#: A byte-level vocabulary has to have a merge, so it has one: of two spaces.
MERGE = "Ġ Ġ"
MERGED = "ĠĠ"

NORMAL, CONTROL = 1, 3


class Token(NamedTuple):
    """`spelling` as a byte-level vocabulary has it; `kind` is llama.cpp's number for what it is."""

    spelling: str
    kind: int


def letters() -> Iterator[tuple[int, str]]:
    """Every byte's letter in GPT-2's byte-level vocabulary: itself where it can be printed, else one from U+0100 on."""
    spare = 0x100
    for byte in range(0x100):
        if 0x21 <= byte <= 0x7E or 0xA1 <= byte <= 0xAC or 0xAE <= byte <= 0xFF:
            yield byte, chr(byte)
        else:
            yield byte, chr(spare)
            spare += 1


LETTERS = dict(letters())


def spelled(word: str) -> str:
    return "".join(LETTERS[byte] for byte in word.encode())


def tokens() -> list[Token]:
    """The vocabulary; a token's number is its place."""
    words = [spelled(word) for chain in chains() for word in chain if word not in CONTROLS]
    normal = dict.fromkeys([*LETTERS.values(), MERGED, *words])
    return [Token(word, NORMAL) for word in normal] + [Token(word, CONTROL) for word in CONTROLS]


def chains() -> Iterator[tuple[str, ...]]:
    for asked, answer in ANSWERS.items():
        yield (asked, *answer, END)
    for asked, words in ENDLESS.items():
        yield (asked, *words, words[0])


def successors() -> dict[str, str]:
    """Which spelling follows which; a printable character that is in no answer is followed by the next one, round and round."""
    ring = [chr(byte) for byte in range(0x21, 0x7F)]
    follows = dict(pairwise([*ring, ring[0]]))
    said: dict[str, str] = {}
    for word, following in chain.from_iterable(map(pairwise, chains())):
        if said.setdefault(word, following) != following:
            raise ValueError(f"{word!r} is followed by {said[word]!r} in one answer and by {following!r} in another")
    spelling = {control: control for control in CONTROLS}
    return follows | {
        spelling.get(word, spelled(word)): spelling.get(next_, spelled(next_)) for word, next_ in said.items()
    }
