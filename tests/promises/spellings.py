"""One JSON value in as many spellings as RFC 8259 allows: spaces, escapes, numbers, the order of members, members twice."""

from __future__ import annotations

import itertools
import json
from random import Random
from typing import Any

SPACES = ("", "", "", " ", "\n", "\t", "\r\n", "    ")
NUMBERS = (
    "0",
    "-0",
    "1E300",
    "1e-7",
    "1.10",
    "123456789012345678901234567890",
    "-0.0",
    "1e+2",
    "9007199254740993",
    "0.1000",
)
WORDS = (
    "",
    "model",
    "messages",
    'quote"s',
    "back\\slash",
    "tab\t",
    "nul\0",
    "ünïcode",
    "日本語",
    "emoji 🤖",
    "/slash",
    "a" * 300,
)


class Speller:
    """Makes values, and spells them; everything follows from the seed."""

    def __init__(self, seed: int) -> None:
        self.dice = Random(seed)

    def space(self) -> str:
        return self.dice.choice(SPACES)

    def string(self, text: str) -> str:
        return '"' + "".join(map(self._char, text)) + '"'

    def _char(self, char: str) -> str:
        plain = json.dumps(char, ensure_ascii=False)[1:-1]
        if char == "/" and self.dice.random() < 0.5:
            return "\\/"
        if self.dice.random() < 0.85:
            return plain
        escaped = json.dumps(char)[1:-1]
        if len(escaped) == 1:
            escaped = f"\\u{ord(char):04x}"
        return (
            escaped.upper().replace("\\U", "\\u") if escaped.startswith("\\u") and self.dice.random() < 0.5 else escaped
        )

    def value(self, depth: int = 0) -> str:
        """The text of any value."""
        kinds = ["number", "string", "word"] + (["list", "object"] if depth < 4 else [])
        kind = self.dice.choice(kinds)
        if kind == "number":
            return self.dice.choice(NUMBERS)
        if kind == "string":
            return self.string(self.dice.choice(WORDS))
        if kind == "word":
            return self.dice.choice(("true", "false", "null"))
        if kind == "list":
            return self._joined("[", [self.value(depth + 1) for _ in range(self.dice.randrange(4))], "]")
        members = [(self.string(self.dice.choice(WORDS)), self.value(depth + 1)) for _ in range(self.dice.randrange(4))]
        return self.object(members)

    def object(self, members: list[tuple[str, str]]) -> str:
        return self._joined("{", [f"{key}{self.space()}:{self.space()}{value}" for key, value in members], "}")

    def _joined(self, left: str, items: list[str], right: str) -> str:
        return (
            left
            + ",".join(f"{self.space()}{item}{self.space()}" for item in items)
            + (self.space() if not items else "")
            + right
        )

    def request(self, model: str, **fields: Any) -> tuple[bytes, bytes]:
        """A chat request around `model`, as what stands before and after the text of its model."""
        message = self.object([('"role"', '"user"'), (self.string("content"), self.string(self.dice.choice(WORDS)))])
        members = [
            ('"messages"', f"[{message}]"),
            *((f'"{name}"', json.dumps(value)) for name, value in fields.items()),
        ]
        members += [(self.string(f"x_{self.dice.choice(WORDS)}"), self.value()) for _ in range(self.dice.randrange(5))]
        if members[-1:] and self.dice.random() < 0.3:
            members.append(members[-1])
        members.append(('"model"', model))
        self.dice.shuffle(members)
        text = self.space() + self.object(members) + self.space()
        return text.encode(), model.encode()


def pieces(data: bytes, dice: Random, most: int = 64) -> list[bytes]:
    """`data` cut into at most `most` pieces anywhere, inside characters and escapes too."""
    cuts = sorted({0, len(data), *(dice.randrange(len(data) + 1) for _ in range(dice.randrange(most)))})
    return [data[start:end] for start, end in itertools.pairwise(cuts)]
