"""Where lines leave. The event loop only queues: one thread makes the bytes, takes secrets out last of all, and writes.

So a blocked output costs lines, which are counted, and never time. It knows no field of any line.
"""

from __future__ import annotations

import atexit
import logging
import select
import sys
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Sequence
from io import FileIO, RawIOBase
from types import TracebackType

from proxy.call import Call, Failure, Outcome
from proxy.logs.lines import RENDERERS, Format, Line, RecordLine, call_line
from proxy.logs.redaction import Redactor

LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}

#: lines that may wait, and lines made into bytes at once: the thread holds the interpreter lock meanwhile
WAITING = 8192
BATCH = 32
#: seconds for which a burst may gather, so that many lines cost one wake-up
GATHER = 0.05
#: seconds between looks at an output that would block
BLOCKED = 0.1
LONGEST_TEXT = 32_768

#: what every record carries; anything else on it was given as `extra`
STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class Sink:
    """`redact` each secret as it is read, `close` before the process ends. `stream` is written unbuffered.

    The thread does not keep the process alive: what an output does not take before `close` gives up is lost.
    """

    def __init__(self, format: Format, level: str, stream: RawIOBase, clock: Callable[[], float] = time.time) -> None:
        self._render = RENDERERS[format]
        self._logs_calls = LEVELS[level] <= logging.INFO
        self._stream = stream
        self._clock = clock
        self._redactor = Redactor()
        self._lines: deque[Line] = deque()
        self._refused = 0
        self._lost = 0
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="logs", daemon=True)
        self._thread.start()

    @property
    def dropped(self) -> int:
        """Lines that found the queue full or the output gone."""
        return self._refused + self._lost

    @property
    def waiting(self) -> int:
        """Lines not yet written, at most WAITING."""
        return len(self._lines)

    def redact(self, secret: str) -> None:
        """From now on this value leaves as `[redacted]`. Under 8 characters it is no secret and stays."""
        self._redactor.add(secret)

    def log_call(self, call: Call, ended: Outcome | Failure, duration: float) -> None:
        """One line at level info. `duration` is in seconds."""
        if self._logs_calls:
            self.put(call_line(self._clock(), call, ended, duration))

    def log_record(self, record: logging.LogRecord) -> None:
        """All that is kept of a record is text: arguments and tracebacks would hold on to requests while it waits."""
        extra = {name: self._value(value) for name, value in vars(record).items() if name not in STANDARD}
        exception = None
        if record.exc_info:
            exception = self._text("".join(traceback.format_exception(*record.exc_info)))
        message = self._text(message_of(record))
        self.put(RecordLine(record.created, record.levelname.lower(), record.name, message, extra, exception))

    def put(self, line: Line) -> None:
        if self._closed:
            self._write_lines([line])
        elif len(self._lines) >= WAITING or self._closing.is_set():
            self._refused += 1
        else:
            self._lines.append(line)
            if not self._wake.is_set():
                self._wake.set()

    def close(self, timeout: float = 2.0) -> bool:
        """Write what waits; later lines are written at once. False when the output took too long, in seconds."""
        self._closing.set()
        self._wake.set()
        self._thread.join(timeout)
        self._closed = not self._thread.is_alive()
        atexit.unregister(self.close)
        return self._closed

    def _value(self, value: object) -> object:
        if isinstance(value, list | tuple):
            return [self._value(each) for each in value]
        return value if value is None or isinstance(value, int | float) else self._text(str(value))

    def _text(self, text: str) -> str:
        """Cut after its secrets are taken out, for the half of one would not be recognised."""
        if len(text) <= LONGEST_TEXT:
            return text
        return self._redactor.clean(text.encode("utf-8", "backslashreplace"))[:LONGEST_TEXT].decode("utf-8", "ignore")

    def _run(self) -> None:
        while self._lines or not self._closing.is_set():
            self._wake.wait()
            self._closing.wait(GATHER)
            self._wake.clear()
            while self._lines:
                self._write_lines([self._lines.popleft() for _ in range(min(BATCH, len(self._lines)))])

    def _write_lines(self, lines: Sequence[Line]) -> None:
        data = b"".join(self._render(line.fields()) + b"\n" for line in lines)
        try:
            self._write(memoryview(self._redactor.clean(data)))
        except (OSError, ValueError):
            self._lost += len(lines)

    def _write(self, rest: memoryview) -> None:
        while rest:
            written = self._stream.write(rest)
            if written is None:
                select.select([], [self._stream], [], BLOCKED)
            rest = rest[written or 0 :]


class QueueingHandler(logging.Handler):
    """Where the standard library's logging ends."""

    def __init__(self, sink: Sink) -> None:
        super().__init__()
        self._sink = sink

    def emit(self, record: logging.LogRecord) -> None:
        self._sink.log_record(record)


def setup(format: Format = "json", level: str = "info", stream: RawIOBase | None = None) -> Sink:
    """Send logging, warnings and uncaught exceptions through one sink, to stderr unless told otherwise.

    `level` is one of LEVELS. The sink closes itself at exit; whoever owns the process closes it earlier, and last.
    """
    sink = Sink(format, level, FileIO(2, "w", closefd=False) if stream is None else stream)
    logging.basicConfig(handlers=[QueueingHandler(sink)], level=LEVELS[level], force=True)
    logging.captureWarnings(True)
    sys.excepthook = log_uncaught
    atexit.register(sink.close)
    return sink


def log_uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    logging.getLogger("outrider").critical("uncaught exception", exc_info=(kind, error, trace))


def message_of(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError, KeyError):
        return f"{record.msg} (its arguments do not fit)"
