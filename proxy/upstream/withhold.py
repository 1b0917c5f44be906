"""A relay that keeps one event back: the usage that was asked for on the proxy's own account.

OpenAI sends it as a last chunk without choices (https://platform.openai.com/docs/api-reference/chat/create, `stream_options`),
which an application that did not ask for it need not understand. Until the model has finished, pieces pass untouched; after
that, whole events do.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import orjson

from proxy.dialects import Dialect
from proxy.upstream.body import Relay
from proxy.wire.sse import read_block

FINISH = re.compile(rb'"finish_reason": ?"')
#: Longer than what FINISH looks for, so that a cut through it is seen.
EDGE = 20
BLANK = re.compile(rb"\r?\n\r?\n")


class WithholdingRelay(Relay):
    """Bytes in, the same bytes out but for the one event."""

    __slots__ = ("_edge", "_finishing", "_held", "_whole")

    def __init__(self, theirs: Dialect) -> None:
        super().__init__(theirs)
        self._edge = b""
        self._finishing = False
        self._held = b""
        self._whole = False

    def feed(self, data: bytes) -> bytes:
        self._meter.note(data)
        if not self._finishing:
            if FINISH.search(self._edge + data) is None:
                self._edge = (self._edge + data)[-EDGE:]
                return data
            self._finishing = True
        return self._pass_events(data)

    def sink(self, write: Callable[[bytes], None]) -> Callable[[bytes], None]:
        def pass_on(data: bytes) -> None:
            write(self.feed(data))

        return pass_on

    def end(self) -> bytes:
        self._meter.verdict()
        rest, self._held = self._held, b""
        return rest

    def midway(self) -> bool:
        """Once the first whole event has passed, what the client has ends with one."""
        return not self._whole and super().midway()

    def _pass_events(self, data: bytes) -> bytes:
        data, start, passed = self._held + data, 0, []
        for blank in BLANK.finditer(data):
            if not is_usage_only(data[start : blank.start()]):
                passed.append(data[start : blank.end()])
            start = blank.end()
            self._whole = True
        self._held = data[start:]
        return b"".join(passed)


def is_usage_only(block: bytes) -> bool:
    event = read_block(block.replace(b"\r\n", b"\n"))
    if event is None or b"usage" not in event.data:
        return False
    try:
        chunk = orjson.loads(event.data)
    except orjson.JSONDecodeError:
        return False
    return isinstance(chunk, dict) and chunk.get("choices") == [] and isinstance(chunk.get("usage"), dict)
