"""What all wires of the upstreams have in common: how one is described, and a few ways to cut an answer into pieces."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, TypeVar

from tests.sdk.scenes import Answer, Heard, Json, Made

T = TypeVar("T")
PIECE = 7


@dataclass(frozen=True)
class Wire:
    """One provider's way to speak.

    path:     matches the paths of its chat operation; a group `model`, where the path says it.
    key:      the header that must hold the key, and what stands before it.
    streamed: (path, request) -> whether a stream is asked for.
    hear:     (path, request) -> what was asked. ValueError says what the provider would refuse.
    whole:    (answer, model) -> the body.
    stream:   (answer, model, request) -> the pieces of the stream.
    refusal:  (status, words) -> headers and body.
    broken:   (complaint) -> the piece of a stream that says that it broke.
    """

    name: str
    path: re.Pattern[str]
    key: tuple[str, str]
    content_type: str
    model: str
    streamed: Callable[[str, Json], bool]
    hear: Callable[[Json], Heard]
    whole: Callable[[Answer, str], Json]
    stream: Callable[[Answer, str, Json], Sequence[bytes]]
    refusal: Callable[[int, str], tuple[Mapping[str, str], Json]]
    broken: Callable[[str], bytes]


class Unable(Exception):
    """A request that the provider refuses by rights, and its SDK knows what to do about: no mistake of anybody's."""

    def __init__(self, body: Json) -> None:
        super().__init__(body)
        self.body = body


def pieces(words: str) -> list[str]:
    return [words[start : start + PIECE] for start in range(0, len(words), PIECE)]


def woven(lists: Sequence[Sequence[T]]) -> Iterator[T]:
    """One of each in turn, as long as there are any."""
    missing = object()
    for row in zip_longest(*lists, fillvalue=missing):
        yield from (item for item in row if item is not missing)  # type: ignore[misc]


def arguments_of(call: Made) -> str:
    return json.dumps(call.arguments, ensure_ascii=False)


def sse(data: Json, event: str | None = None, newline: str = "\n") -> bytes:
    """One event; `event` names it."""
    head = f"event: {event}{newline}" if event else ""
    return f"{head}data: {json.dumps(data)}{newline}{newline}".encode()


def only(request: Mapping[str, Any], known: Sequence[str], what: str = "the request") -> None:
    """Refuse what the provider does not know."""
    unknown = sorted(request.keys() - set(known))
    if unknown:
        raise ValueError(f"{what} has unknown members {unknown}")


def matched(calls: Sequence[Made], results: Sequence[tuple[str, str]]) -> list[tuple[str, Json, str]]:
    """Results by the ids of their calls; an id that nobody gave is refused, as every provider does."""
    made = {call.id: call for call in calls}
    unknown = [called for called, _ in results if called not in made]
    if unknown:
        raise ValueError(f"results of calls {unknown}, but the calls are {list(made)}")
    return [(made[called].name, made[called].arguments, text) for called, text in results]
