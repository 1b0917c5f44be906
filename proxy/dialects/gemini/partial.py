"""A function call that comes in pieces, as Vertex streams it where it is asked to.

Each piece says a value, or a bit of a string, and by a JSON path where it belongs. The object is put together here. Source:
https://docs.cloud.google.com/vertex-ai/generative-ai/docs/multimodal/function-calling#streaming-fc and RFC 9535 (of which only
names and indices occur).
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

from proxy.call import Json
from proxy.dialects.shape import answered, broken

STEP = re.compile(r"\.([^.\[\]]+)|\[(\d{1,4})\]|\['((?:[^'\\]|\\.)*)'\]|\[\"((?:[^\"\\]|\\.)*)\"\]")
VALUES = ("stringValue", "numberValue", "boolValue")
DEEPEST = 64


class OpenCall:
    """A call whose arguments are still to come. `part` is the one it began with."""

    __slots__ = ("arguments", "part")

    def __init__(self, part: Json) -> None:
        self.part = part
        self.arguments: Json = {}

    def add(self, call: Json) -> None:
        self.arguments |= answered(call.get("args") or {}, dict, "a call's args")
        for piece in answered(call.get("partialArgs") or [], list, "partialArgs"):
            piece = answered(piece, dict, "a partial argument")
            put(self.arguments, steps_of(piece.get("jsonPath")), value_of(piece))

    def whole(self) -> Json:
        """The part as it would have come in one piece."""
        call = {
            name: value
            for name, value in self.part["functionCall"].items()
            if name not in ("partialArgs", "willContinue")
        }
        return {**self.part, "functionCall": {**call, "args": self.arguments}}


def value_of(piece: Json) -> Any:
    return next((piece[name] for name in VALUES if name in piece), None)


def steps_of(path: Any) -> list[str | int]:
    """`$.a[0]['b c']` as names and indices."""
    said = answered(path, str, "a JSON path")
    steps: list[str | int] = []
    at = 1
    while at < len(said) and (found := STEP.match(said, at)):
        name, index, *quoted = found.groups()
        steps.append(int(index) if index else name or re.sub(r"\\(.)", r"\1", quoted[0] or quoted[1] or ""))
        at = found.end()
    if not said.startswith("$") or at != len(said) or not steps or len(steps) > DEEPEST:
        raise broken(f"{said[:80]!r} is no path to an argument")
    return steps


def put(target: Any, steps: list[str | int], value: Any) -> None:
    """A string at a place that holds one already is its continuation."""
    for step, following in pairwise(steps):
        target = inner(target, step, [] if isinstance(following, int) else {})
    old = inner(target, steps[-1], value)
    if isinstance(old, str) and isinstance(value, str) and old is not value:
        target[steps[-1]] = old + value


def inner(target: Any, step: str | int, empty: Any) -> Any:
    """What stands at a step; `empty` is put where nothing does. A list grows by one at most."""
    if isinstance(step, int) and isinstance(target, list) and step <= len(target):
        if step == len(target):
            target.append(empty)
        return target[step]
    if isinstance(step, str) and isinstance(target, dict):
        return target.setdefault(step, empty)
    raise broken("a partial argument does not fit the ones before it")
