"""The table of models, one text in which names are looked up: by themselves, then without date, region or version.

It is read at the first question, and a model is made of its line when it is asked for: what nobody asks for costs nothing. The
text is written by scripts/models.py; this file knows kinds of providers by name only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

from proxy.models.line import Model, parse_line

TABLE = Path(__file__).parent / "table.tsv"

#: Kind -> whose models it has, first its own.
SECTIONS: Mapping[str, tuple[str, ...]] = {
    "openai_responses": ("openai",),
    "azure_openai": ("azure_openai", "azure_foundry"),
    "azure_deployments": ("azure_openai", "azure_foundry"),
    "azure_foundry": ("azure_foundry", "azure_openai"),
    "azure_anthropic": ("azure_foundry",),
    "bedrock_openai": ("bedrock",),
    "vertex_express": ("vertex",),
    "vertex_openai": ("vertex",),
}
#: Kinds that have all of another's models, by the same names.
TWINS: Mapping[str, str] = {"openai_responses": "openai", "vertex_express": "vertex"}


class Shortening(NamedTuple):
    """What may be missing from a name. `priced`: whether the shorter one costs the same."""

    expression: re.Pattern[str]
    priced: bool = True


NEWEST = re.compile(r"[-@](?:latest|default)$")
#: A name that says it is the newest, or its date. Versions of other forms are other models.
EVERYWHERE = (
    Shortening(NEWEST),
    Shortening(re.compile(r"[-@](?:20\d\d-\d\d-\d\d|20\d{6})$"), priced=False),
)
SHORTENINGS: Mapping[str, tuple[Shortening, ...]] = {
    "openai": (Shortening(re.compile(r"(?<=^ft:)([^:]+):.*$")),),
    "gemini": (Shortening(re.compile(r"^models/")),),
    "vertex": (Shortening(re.compile(r"^(?:publishers/)?google/(?:models/)?")),),
    # https://docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles-support.html
    "bedrock": (
        Shortening(re.compile(r"^arn:aws[\w-]*:bedrock:[^/]*:(?:inference-profile|foundation-model)/")),
        Shortening(re.compile(r"^(?:us-gov|us|eu|apac|jp|au|ca|global)\."), priced=False),
        Shortening(re.compile(r":\d+k$")),
    ),
    # https://openrouter.ai/docs/guides/routing/model-variants/overview
    "openrouter": (Shortening(re.compile(r":[a-z]+$"), priced=False),),
}


@cache
def read_table() -> str:
    """OSError where the installation is not whole."""
    return TABLE.read_text("ascii")


class Table:
    """`read` gives the text, once."""

    def __init__(self, read: Callable[[], str] = read_table) -> None:
        self._read = read
        self._text = ""
        self._spans: dict[str, tuple[int, int]] | None = None

    def find(self, kind: str, name: str) -> Model | None:
        """By its name, else by a shorter one. A dated name that has no line of its own may cost something else."""
        if not name.isprintable():
            return None
        for section in self.sections(kind):
            for shorter, priced in candidates(section, name):
                line = self._line(section, shorter)
                if line is not None:
                    model = parse_line(kind, line)._replace(name=name)
                    return model if priced else model._replace(price=None)
        return None

    def sections(self, kind: str) -> tuple[str, ...]:
        """Where a kind's models are looked for, first its own; empty where the table has none."""
        return tuple(section for section in SECTIONS.get(kind, (kind,)) if section in self._index())

    @property
    def kinds(self) -> tuple[str, ...]:
        """Those that have a section."""
        return tuple(self._index())

    @property
    def source(self) -> str:
        """What it was made from, and when: the second line of its head."""
        self._index()
        found = re.search(r"^# Source: (.*)\.$", self._text, re.MULTILINE)
        return found[1] if found is not None else ""

    def lines(self, kind: str) -> list[str]:
        """Those of all models that a kind has by their own names."""
        start, end = self._index().get(TWINS.get(kind, kind), (0, 0))
        return self._text[start:end].split("\n")[1:-1]

    def _index(self) -> dict[str, tuple[int, int]]:
        """Where in the text each kind's lines stand."""
        if self._spans is None:
            self._text = self._read()
            heads = list(re.finditer(r"^\[(\w+)\]$", self._text, re.MULTILINE))
            ends = [head.start() for head in heads[1:]] + [len(self._text)]
            self._spans = {head[1]: (head.end(), end) for head, end in zip(heads, ends, strict=True)}
        return self._spans

    def _line(self, section: str, name: str) -> str | None:
        """The line of a name, else of the newest dated form of one that asks for it."""
        start, end = self._index()[section]
        found = self._text.find(f"\n{name}\t", start, end)
        if found >= 0:
            return self._text[found + 1 : self._text.index("\n", found + 1)]
        base = NEWEST.sub("", name)
        dated = re.compile(rf"^{re.escape(base)}[-@]20[\d-]+\t.*$", re.MULTILINE)
        lines = [line[0] for line in dated.finditer(self._text, start, end)]
        return max(lines, default=None)


def candidates(section: str, name: str) -> Iterator[tuple[str, bool]]:
    """The name, then ever shorter ones, and whether each costs what the name does."""
    priced = True
    yield name, priced
    for expression, same in (*SHORTENINGS.get(section, ()), *EVERYWHERE):
        shorter = expression.sub(lambda found: found[1] if found.re.groups else "", name)
        if shorter != name:
            name, priced = shorter, priced and same
            yield name, priced
