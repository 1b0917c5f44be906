"""In which order the items of one assistant turn stand.

A unified message keeps thoughts, content, tool calls and the provider's own blocks apart. The Responses API refuses a
reasoning item without the item that followed it, so an own block remembers how many thoughts stood before it (`after`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from proxy.call import Json
from proxy.dialects.responses.fields import EXTRAS


class Own(NamedTuple):
    """An item of the provider's own; `at` counts the characters of the content before it, `after` the thoughts."""

    at: int
    after: int
    item: Json


def entry_of(item: Json, at: int, after: int) -> Json:
    """The item as an entry of a message's `provider_blocks`."""
    return {"at": at, "after": after, "block": item, "dialect": EXTRAS}


def read_own(entries: Any, dropped: list[str]) -> list[Own]:
    """The entries of this dialect; others' are noted."""
    found = []
    for entry in entries if isinstance(entries, list) else ():
        block = entry.get("block") if isinstance(entry, dict) else None
        if isinstance(block, dict) and isinstance(block.get("type"), str) and entry.get("dialect") == EXTRAS:
            found.append(Own(natural(entry.get("at")), natural(entry.get("after")), block))
        else:
            dropped.append("messages.provider_blocks")
    return found


def natural(value: Any) -> int:
    return value if type(value) is int and value > 0 else 0


def arrange(
    thoughts: Sequence[Json], own: Sequence[Own], said: Sequence[Json], calls: Sequence[Json]
) -> Iterator[Json]:
    """Own items before the content with the thoughts that came before each, the other thoughts, the content, later own items,
    calls.
    """
    reached = 0
    for place in own:
        if not place.at:
            yield from thoughts[reached : place.after]
            reached = max(reached, place.after)
            yield place.item
    yield from thoughts[reached:]
    yield from said
    yield from (place.item for place in own if place.at)
    yield from calls
