"""What a relayed reply says of its tokens, read once: from a copy of it if it is JSON and not long, or from the end of a stream.

Which operation it is, the path says that was asked for. Nothing of the reply is changed or held up, and nothing is estimated.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import orjson

from proxy.call import Call, Json, Usage
from proxy.dialects import Dialect
from proxy.dialects.openai.media import parse_usage as parse_media_usage
from proxy.providers import Provider
from proxy.translate import DIALECTS
from proxy.upstream.meter import Meter
from proxy.wire.framing import FRAMINGS

#: The longest reply that is read.
LONGEST = 1 << 20
STREAMED = frozenset({"chat", "completions"})
ParseUsage = Callable[[Json], Usage | None]


class Tap:
    """`write` passes on what it is given; then ask for `usage`."""

    def __init__(self, parse: ParseUsage | None, write: Callable[[bytes], None]) -> None:
        self._parse = parse
        self._write = write
        self._kept: list[bytes] = []
        self._size = 0

    def write(self, data: bytes) -> None:
        if self._parse is not None:
            self._keep(data)
        self._write(data)

    def _keep(self, data: bytes) -> None:
        self._size += len(data)
        self._kept.append(data)
        if self._size > LONGEST:
            self._parse = None
            self._kept.clear()

    def usage(self) -> Usage | None:
        """None where nothing is said, or nothing can be read."""
        if self._parse is None:
            return None
        try:
            reply = orjson.loads(b"".join(self._kept))
        except orjson.JSONDecodeError:
            return None
        return self._parse(reply) if isinstance(reply, dict) else None


class StreamTap:
    """The same for a stream of events; no event but the first and the last is read."""

    def __init__(self, dialect: Dialect, write: Callable[[bytes], None]) -> None:
        self._meter = Meter(dialect)
        self._meter.write = write
        self.write = self._meter.pass_on

    def usage(self) -> Usage | None:
        return self._meter.told()


class Known(NamedTuple):
    """A path of a provider's, in which dialect its replies are, and what reads the usage of one."""

    path: re.Pattern[str]
    dialect: str
    streams: bool
    parse: ParseUsage


def tap_for(
    call: Call, provider: Provider, path: str, content_type: str, write: Callable[[bytes], None]
) -> Tap | StreamTap:
    """For a reply to `path` (below base_url); where nothing is known of such replies, it reads nothing."""
    path = path.partition("?")[0]
    for known in known_paths(provider):
        if known.path.fullmatch(path):
            dialect = DIALECTS[known.dialect]
            if content_type.startswith("application/json"):
                return Tap(known.parse, write)
            if known.streams and content_type.startswith(FRAMINGS[dialect.framing].content_type):
                return StreamTap(dialect, write)
    return Tap(None, write)


@cache
def known_paths(provider: Provider) -> tuple[Known, ...]:
    """Those of a provider's file, but for the list of its models."""
    found = []
    for name, paths in {**provider.also, provider.dialect: provider.paths}.items():
        for operation, path in paths.items():
            kind = operation.removesuffix(".stream")
            if kind != "models":
                found.append(Known(pattern_of(path), name, kind in STREAMED, parser_of(name, kind)))
    return tuple(found)


def parser_of(dialect: str, operation: str) -> ParseUsage:
    speech = DIALECTS[dialect].operation(operation)
    return parse_media_usage if speech is None else speech.parse_usage


def pattern_of(path: str) -> re.Pattern[str]:
    """A path of a provider file as a pattern; what is in braces is one segment, or ends before a colon."""
    pieces = re.split(r"\{\w+\}", path.partition("?")[0])
    return re.compile("[^/]+?".join(map(re.escape, pieces)))
