"""What each generation of Gemini accepts: how it is told to think, and what it takes beside its tools.

The API is one, its models are not. This file knows the tables and how a generation is read from a model's name; it refuses to
know requests. Sources: https://ai.google.dev/gemini-api/docs/thinking and
https://docs.cloud.google.com/gemini-enterprise-agent-platform/models/thinking (levels and budgets by model),
https://ai.google.dev/gemini-api/docs/openai (efforts as budgets), https://ai.google.dev/gemini-api/docs/gemini-3 (schemas
beside tools, media in results, signatures that are required), https://github.com/google-gemini/cookbook/issues/1290 (penalties).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

Version = tuple[int, int]

#: Unified efforts in order, and the tokens each stands for where a model takes a budget. `xhigh` and `max` are the most it takes.
EFFORTS: Mapping[str, int] = {
    "minimal": 1024,
    "low": 1024,
    "medium": 8192,
    "high": 24576,
    "xhigh": 1 << 20,
    "max": 1 << 20,
}
EVERY = ("minimal", "low", "medium", "high")


class Levels(NamedTuple):
    """`word` is part of the name of a model from `since` on, whose thinking levels are `levels`, in order."""

    since: Version
    word: str
    levels: tuple[str, ...]


#: The first row that fits holds.
LEVELS = (
    Levels((3, 7), "", ("low", "medium", "high")),
    Levels((3, 2), "", EVERY),
    Levels((3, 1), "image", ("minimal", "high")),
    Levels((3, 1), "pro", ("low", "medium", "high")),
    Levels((3, 1), "", EVERY),
    Levels((3, 0), "pro-image", ("high",)),
    Levels((3, 0), "pro", ("low", "high")),
    Levels((3, 0), "", EVERY),
)


class Budget(NamedTuple):
    """Tokens to think, from `least` to `most`. `off`: 0 switches thinking off."""

    least: int
    most: int
    off: bool


#: (part of the name, budget) of Gemini 2.5, first match. Its image and speech models do not think.
BUDGETS: tuple[tuple[str, Budget | None], ...] = (
    ("image", None),
    ("tts", None),
    ("flash-lite", Budget(512, 24576, True)),
    ("flash", Budget(1, 24576, True)),
    ("pro", Budget(128, 32768, False)),
)

VERSION = re.compile(r"gemini-(\d{1,2})(?!\d)(?:\.(\d{1,2})(?!\d))?")
NEWEST: Version = (99, 0)


class Model(NamedTuple):
    """At most one of `levels` and `budget` is there: a model that has neither does not think."""

    version: Version
    levels: tuple[str, ...]
    budget: Budget | None

    @property
    def schema_beside_tools(self) -> bool:
        return self.version >= (3, 0)

    @property
    def media_in_results(self) -> bool:
        return self.version >= (3, 0)

    @property
    def takes_penalties(self) -> bool:
        """Later ones answer "Penalty is not enabled for this model"."""
        return self.version < (2, 5)

    @property
    def wants_signatures(self) -> bool:
        """A call of the turn at hand that comes back without its thought signature is refused."""
        return self.version >= (3, 0)


@lru_cache(maxsize=256)
def read_model(name: str) -> Model:
    """What is known of a model by its name, with or without a path before it. A Gemini without a number is the newest."""
    match = VERSION.search(name)
    version = (int(match[1]), int(match[2] or 0)) if match else NEWEST if "gemini" in name else (0, 0)
    levels = next((row.levels for row in LEVELS if version >= row.since and row.word in name), ())
    if version < (2, 5) or version >= (3, 0):
        return Model(version, levels, None)
    return Model(version, (), next((budget for word, budget in BUDGETS if word in name), None))
