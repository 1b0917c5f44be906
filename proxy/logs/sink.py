"""Where lines leave. The event loop only queues: one thread makes the bytes, takes secrets out last of all, and writes.

So a blocked output costs lines, which are counted, and never time. It knows no field of any line.
"""

from __future__ import annotations

import atexit
import logging
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from io import FileIO, RawIOBase
from math import isfinite
from types import TracebackType

from proxy.call import Call, Failure, Outcome
from proxy.logs.formats import Format, renderer
from proxy.logs.lines import CallLine, Line, RecordLine, call_line
from proxy.logs.output import File, Output
from proxy.logs.redaction import Redactor
from proxy.logs.sampling import EVERY, Sampling
from proxy.logs.tracebacks import told
from proxy.logs.writer import Writer

LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}

#: lines that may wait, those with content, and lines made into bytes at once: the thread holds the interpreter lock meanwhile
WAITING = 8192
CONTENT_WAITING = 100
BATCH = 32
CONTENT_BATCH = 2
#: seconds for which a burst may gather, so that many lines cost one wake-up
GATHER = 0.05
LONGEST_TEXT = 32_768
LONGEST_NUMBER = 256

#: what every record carries; anything else on it was given as `extra`
STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class Sink:
    """`redact` each secret as it is read, `close` before the process ends. `output` is written unbuffered.

    sampling: which calls get a line. whole: whether exceptions are told with all their words, which may be a call's.
    beside: where it is said that the output is gone. clock: seconds since 1970.
    The thread does not keep the process alive: what an output does not take before `close` gives up is lost.
    """

    def __init__(
        self,
        format: Format,
        level: str,
        output: Output,
        clock: Callable[[], float] = time.time,
        sampling: Sampling = EVERY,
        whole: bool = False,
        beside: Output | None = None,
    ) -> None:
        self._logs_calls = LEVELS[level] <= logging.INFO
        self._sampling = None if sampling == EVERY else sampling
        self._whole = whole
        self._clock = clock
        self._redactor = Redactor()
        self._writer = Writer(renderer(format, output.isatty()), output, self._redactor.clean, clock, beside)
        self._lines: deque[Line] = deque()
        self._content: deque[Line] = deque()
        self._refused = 0
        self.sampled_out = 0
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="logs", daemon=True)
        self._thread.start()

    @property
    def dropped(self) -> int:
        """Lines that found the queue full or the output gone."""
        return self._refused + self._writer.lost

    @property
    def waiting(self) -> int:
        """Lines not yet written, at most WAITING."""
        return len(self._lines)

    @property
    def content_waiting(self) -> tuple[int, int]:
        """Lines with content that are not yet written, and how many may be."""
        return len(self._content), CONTENT_WAITING

    def redact(self, secret: str) -> None:
        """From now on this value leaves as `[redacted]`. Under 8 characters it is no secret and stays."""
        self._redactor.add(secret)

    def forget(self, secret: str) -> None:
        """One `redact` less of this value."""
        self._redactor.forget(secret)

    def clean(self, data: bytes) -> bytes:
        """What is shown elsewhere, without the secrets that leave no line either."""
        return self._redactor.clean(data)

    def clean_cut(self, text: bytes) -> bytes:
        """The same for a text that was cut anywhere."""
        return self._redactor.clean_cut(text)

    # ---- lines

    def log_call(self, call: Call, ended: Outcome | Failure, duration: float) -> CallLine | None:
        """One line at level info, if it is among those that get one. `duration` is in seconds."""
        if not self._logs_calls:
            return None
        if self._sampling is not None and not self._sampling.takes(call.id, isinstance(ended, Failure)):
            self.sampled_out += 1
            return None
        line = call_line(self._clock(), call, ended, duration)
        self.put(line)
        return line

    def log_content(self, line: Line, call: Call, failed: bool) -> None:
        """What a call said, beside its own line."""
        if not self._logs_calls or (self._sampling is not None and not self._sampling.takes(call.id, failed)):
            return
        if len(self._content) >= CONTENT_WAITING:
            self._refused += 1
        else:
            self._queue(line, self._content)

    def log_record(self, record: logging.LogRecord) -> None:
        """All that is kept of a record is text: arguments and tracebacks would hold on to requests while it waits."""
        extra = {name: self._value(value) for name, value in vars(record).items() if name not in STANDARD}
        exception, message = None, message_of(record)
        if record.exc_info and record.exc_info[1] is not None:
            # A process that ends tells all.
            exception = self._text(told(record.exc_info[1], self._whole or record.levelno >= logging.CRITICAL))
        if record.name == "asyncio" and not self._whole:
            # Further lines repeat the exception, and what a task was called with.
            message = message.partition("\n")[0]
        level = record.levelname.lower()
        self.put(RecordLine(record.created, level, record.name, self._text(message), extra, exception))

    def put(self, line: Line) -> None:
        if len(self._lines) >= WAITING:
            self._refused += 1
        else:
            self._queue(line, self._lines)

    def _queue(self, line: Line, queue: deque[Line]) -> None:
        if self._closed:
            self._writer.write([line])
        elif self._closing.is_set():
            self._refused += 1
        else:
            queue.append(line)
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
        if isinstance(value, int):
            return value if value.bit_length() <= LONGEST_NUMBER else "a very large number"
        return value if value is None or (isinstance(value, float) and isfinite(value)) else self._text(str(value))

    def _text(self, text: str) -> str:
        """Cut after its secrets are taken out, for the half of one would not be recognised."""
        if len(text) <= LONGEST_TEXT:
            return text
        return self._redactor.clean(text.encode("utf-8", "backslashreplace"))[:LONGEST_TEXT].decode("utf-8", "ignore")

    # ---- the thread

    def _run(self) -> None:
        lines, content = self._lines, self._content
        while lines or content or not self._closing.is_set():
            self._wake.wait()
            self._closing.wait(GATHER)
            self._wake.clear()
            while lines or content:
                batch = [lines.popleft() for _ in range(min(BATCH, len(lines)))]
                batch += [content.popleft() for _ in range(min(CONTENT_BATCH, len(content)))]
                self._writer.write(batch)


class QueueingHandler(logging.Handler):
    """Where the standard library's logging ends."""

    def __init__(self, sink: Sink) -> None:
        super().__init__()
        self._sink = sink

    def emit(self, record: logging.LogRecord) -> None:
        self._sink.log_record(record)


def setup(
    format: Format = "json",
    level: str = "info",
    stream: RawIOBase | None = None,
    file: str | None = None,
    sampling: Sampling = EVERY,
    whole: bool = False,
) -> Sink:
    """Send logging, warnings and uncaught exceptions through one sink, to `file` if there is one, else to `stream` or stderr.

    `level` is one of LEVELS. The sink closes itself at exit; whoever owns the process closes it earlier, and last.
    """
    stderr = FileIO(2, "w", closefd=False) if stream is None else stream
    output, beside = (stderr, None) if file is None else (File(file), stderr)
    sink = Sink(format, level, output, time.time, sampling, whole, beside)
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
