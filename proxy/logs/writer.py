"""What the thread that writes does: lines to bytes, secrets out, bytes to the output, and what is lost when that is gone.

Where lines come from and how long they wait is not known here, nor what they say.
"""

from __future__ import annotations

import select
from collections.abc import Callable, Sequence

from proxy.logs.formats import Render
from proxy.logs.lines import Line, RecordLine
from proxy.logs.output import Output

#: Seconds between looks at an output that would block.
BLOCKED = 0.1
LOGGER = "proxy.logs"
GONE = "the log cannot be written: calls go on, their lines are lost"
BACK = "the log is written again"


class Writer:
    """`write` lines; `lost` counts those that did not get out.

    beside: where it is said, once, that `output` is gone; None where there is no other place. clock: seconds since 1970.
    """

    def __init__(
        self,
        render: Render,
        output: Output,
        clean: Callable[[bytes], bytes],
        clock: Callable[[], float],
        beside: Output | None = None,
    ) -> None:
        self.lost = 0
        self._render = render
        self._output = output
        self._clean = clean
        self._clock = clock
        self._beside = beside
        self._torn = False
        #: How many were lost before the output went, while it is gone.
        self._gone: int | None = None

    def write(self, lines: Sequence[Line]) -> None:
        data = self._made(lines)
        rest = memoryview(b"\n" + data if self._torn else data)
        try:
            while rest:
                written = self._output.write(rest)
                if written is None:
                    select.select([], [self._output], [], BLOCKED)
                elif written:
                    self._torn = rest[written - 1] != 10
                    rest = rest[written:]
        except (OSError, ValueError) as error:
            self._fail(lines, bytes(rest), error)
        else:
            if self._gone is not None:
                self._recover()

    def _made(self, lines: Sequence[Line]) -> bytes:
        return self._clean(b"".join([self._render(line.fields()) + b"\n" for line in lines]))

    def _fail(self, lines: Sequence[Line], rest: bytes, error: OSError | ValueError) -> None:
        before = self.lost
        self.lost += min(len(lines), rest.count(b"\n"))
        if self._gone is None:
            self._gone = before
            fault = error.strerror if isinstance(error, OSError) else str(error)
            self._say_beside(RecordLine(self._clock(), "error", LOGGER, GONE, {"fault": fault}, None))

    def _say_beside(self, line: Line) -> None:
        """Without waiting for whoever reads there."""
        beside = self._beside
        try:
            if beside is not None and select.select([], [beside], [], 0)[1]:
                beside.write(memoryview(self._made([line])))
        except (OSError, ValueError):
            self.lost += 1

    def _recover(self) -> None:
        lost = self.lost - (self._gone or 0)
        self._gone = None
        self.write([RecordLine(self._clock(), "warning", LOGGER, BACK, {"lines_lost": lost}, None)])
