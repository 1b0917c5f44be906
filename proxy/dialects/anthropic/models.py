"""What each generation of Claude accepts.

How it is told to think, which samplers it takes, whether a schema binds its answer.

The Messages API is one, its models are not: a field that an older model needs is a 400 on a newer one. This file
knows the tables and how a generation is read from a model's name; it refuses to know requests.

Sources, under https://platform.claude.com/docs/en/: build-with-claude/thinking-troubleshooting (thinking by model),
build-with-claude/effort, build-with-claude/structured-outputs, about-claude/models/overview (output limits),
about-claude/models/migration-guide and models/opus-5-5/whats-new-opus-5-5 (samplers, forced tools).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Literal, NamedTuple

Version = tuple[int, int]
#: `budget`: thinking {enabled, budget_tokens} only. `both`: adaptive is preferred, a budget is still taken. `adaptive`:
#: only that.
Thinking = Literal["none", "budget", "both", "adaptive"]
#: `all`: any. `one`: temperature or top_p, not both. `default`: only the default values.
Samplers = Literal["all", "one", "default"]

#: effort -> tokens to think, where a model takes a budget and no effort. 1024 is the least the API accepts.
BUDGETS: Mapping[str, int] = {
    "minimal": 1024,
    "low": 2048,
    "medium": 8192,
    "high": 16384,
    "xhigh": 20480,
    "max": 24576,
}
LEAST_BUDGET = 1024
#: Thinking counts against `max_tokens`; where the caller named no limit, this much is left for the answer at least.
LEAST_ANSWER = 4096

EFFORTS_4_6 = {"minimal": "low", "low": "low", "medium": "medium", "high": "high", "xhigh": "high", "max": "max"}
EFFORTS_4_7 = {**EFFORTS_4_6, "xhigh": "xhigh"}


class Generation(NamedTuple):
    """`efforts`: unified effort -> output_config.effort. `max_tokens`: the default, for the API has none."""

    since: Version
    thinking: Thinking
    samplers: Samplers
    schema: bool
    efforts: Mapping[str, str]
    max_tokens: int


#: The last row whose version has been reached holds. 4096 is what the smallest models (Claude 3) can put out at most,
#: and
#: 16384 leaves room to think and still is below the limit of every later model (32,000 and more).
GENERATIONS = (
    Generation((0, 0), "none", "all", False, {}, 4096),
    Generation((3, 7), "budget", "all", False, {}, 16384),
    Generation((4, 1), "budget", "one", False, {}, 16384),
    Generation((4, 5), "budget", "one", True, {}, 16384),
    Generation((4, 6), "both", "one", True, EFFORTS_4_6, 16384),
    Generation((4, 7), "adaptive", "default", True, EFFORTS_4_7, 16384),
)

#: A model that is no Claude, behind a server that speaks the Messages API: the oldest form of everything.
FOREIGN = Generation((0, 0), "budget", "all", False, {}, 4096)

#: (family, since) -> how thinking is switched off, first match. None: it cannot be. "": it is off unless asked for.
SWITCHED_OFF: tuple[tuple[str, Version, str | None], ...] = (
    ("fable", (0, 0), None),
    ("mythos", (0, 0), None),
    ("opus", (5, 5), None),
    ("sonnet", (5, 5), "between_tools"),
    ("", (5, 0), "disabled"),
    ("", (4, 7), ""),
    ("", (0, 0), "disabled"),
)

#: (family, since): a tool_choice of `any` or a named tool is refused.
NEVER_FORCED: tuple[tuple[str, Version], ...] = (("fable", (5, 1)), ("mythos", (5, 1)), ("opus", (5, 5)))

FAMILIES = ("opus", "sonnet", "haiku", "fable", "mythos")
VERSION = re.compile(r"claude(?:-[a-z]+)?-(\d{1,2})(?!\d)(?:[-.](\d{1,2})(?!\d))?")
NEWEST: Version = (99, 0)


class Model(NamedTuple):
    family: str
    version: Version
    generation: Generation

    @property
    def off(self) -> str | None:
        """The `thinking.type` that switches thinking off; "" when nothing need be said, None when it cannot be."""
        return next(off for family, since, off in SWITCHED_OFF if self._is(family, since))

    @property
    def forcible(self) -> bool:
        return not any(self._is(family, since) for family, since in NEVER_FORCED)

    def _is(self, family: str, since: Version) -> bool:
        return family in ("", self.family) and self.version >= since


@lru_cache(maxsize=256)
def read_model(name: str) -> Model:
    """What is known of a model by its name, with or without a cloud's prefix and suffix.

    A Claude without a number is the newest.
    """
    if "claude" not in name:
        return Model("", (0, 0), FOREIGN)
    family = next((family for family in FAMILIES if family in name), "")
    match = VERSION.search(name)
    version = (int(match[1]), int(match[2] or 0)) if match else NEWEST
    generation = next(row for row in reversed(GENERATIONS) if version >= row.since)
    return Model(family, version, generation)
