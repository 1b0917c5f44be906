"""What a relayed reply says of its tokens, read once from a copy of it, if it is JSON of a known operation and not long.

Which operation it is, the path says that was asked for. Nothing of the reply is changed or held up.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

import orjson

from proxy.call import Json, Usage
from proxy.dialects.openai.media import parse_usage as parse_media_usage
from proxy.providers import Provider
from proxy.translate import DIALECTS

#: The longest reply that is read.
LONGEST = 1 << 20
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


def reader_for(provider: Provider, path: str, content_type: str) -> ParseUsage | None:
    """How the usage in a reply to `path` (below base_url) is read; None where nothing is known of such replies."""
    if not content_type.startswith("application/json"):
        return None
    path = path.partition("?")[0]
    return next((parse for pattern, parse in known(provider) if pattern.fullmatch(path)), None)


@cache
def known(provider: Provider) -> tuple[tuple[re.Pattern[str], ParseUsage], ...]:
    """For each path that the provider is known by, how the usage in its replies is read."""
    found = []
    for name, paths in {**provider.also, provider.dialect: provider.paths}.items():
        for operation, path in paths.items():
            parse = parser_of(name, operation.removesuffix(".stream"))
            if operation != "models":
                found.append((pattern_of(path), parse))
    return tuple(found)


def parser_of(dialect: str, operation: str) -> ParseUsage:
    speech = DIALECTS[dialect].operation(operation)
    return parse_media_usage if speech is None else speech.parse_usage


def pattern_of(path: str) -> re.Pattern[str]:
    """A path of a provider file as a pattern; what is in braces is one segment, or ends before a colon."""
    pieces = re.split(r"\{\w+\}", path.partition("?")[0])
    return re.compile("[^/]+?".join(map(re.escape, pieces)))
