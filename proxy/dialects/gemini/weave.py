"""Text and Google's own parts in between, put together again.

A message says its text as one string, and keeps where a part without a unified word stood: `at` counts the characters before
it, or, where the content is a list, the parts. What stood behind calls counts those in `calls`.
"""

from __future__ import annotations

from typing import Any

from proxy.call import Json


def weave(text: str, own: list[Any]) -> list[Json]:
    """The parts of `text`, cut where a part of Google's own stood. Empty text is a part only if there is nothing else."""
    parts: list[Json] = []
    start = 0
    for at, part in placed(own, len(text)):
        if at > start:
            parts.append({"text": text[start:at]})
            start = at
        parts.append(part)
    if start < len(text) or not parts:
        parts.append({"text": text[start:]})
    return parts


def insert(parts: list[Json], own: list[Any], counted: str = "at") -> list[Json]:
    """A list of parts with Google's own back in their places: among the parts of a content, or, by `calls`, among calls."""
    woven, start = [], 0
    for at, part in placed(own, len(parts), counted):
        woven += [*parts[start:at], part]
        start = max(start, at)
    return [*woven, *parts[start:]]


def placed(own: list[Any], length: int, counted: str = "at") -> list[tuple[int, Json]]:
    """(where, part), in order; what has no place that fits stands at the nearest. What came behind a call stays with them."""
    places = []
    for entry in own:
        part, at = entry.get("block"), entry.get(counted)
        if isinstance(part, dict) and ("calls" in entry) == (counted == "calls"):
            places.append((min(at, length) if type(at) is int and at > 0 else 0, part))
    return sorted(places, key=lambda place: place[0])
