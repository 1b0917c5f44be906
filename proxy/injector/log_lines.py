"""Lines of the injector's log: JSON, one each, in the shape of the sidecar's own. It knows no event.

What an exception says may come from a pod, and a pod's variables may hold a key: of an exception the type is told and
the way to it, never its words.
"""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, TextIO

LEVELS: Mapping[str, int] = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}
#: what every record carries; anything else on it was given as `extra`
STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
LONGEST_TEXT = 4096
#: How far causes of causes are followed.
DEEPEST = 5


class Lines(logging.Formatter):
    """A record as one line of JSON: time, level, event, logger, message, exception, and its `extra`."""

    def format(self, record: logging.LogRecord) -> str:
        fields: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC)
            .isoformat(timespec="milliseconds")
            .replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "event": "log",
            "logger": record.name,
            "message": record.getMessage()[:LONGEST_TEXT],
        }
        if record.exc_info and record.exc_info[1] is not None:
            fields["exception"] = told(record.exc_info[1])
        extra = {name: value for name, value in vars(record).items() if name not in STANDARD}
        return json.dumps(fields | {name: value for name, value in extra.items() if name not in fields}, default=str)


def told(error: BaseException) -> str:
    """Types and the way to them, the cause first, without the words."""
    return "\n".join(reversed([*chain(error)]))


def chain(error: BaseException) -> Iterator[str]:
    following: BaseException | None = error
    for _ in range(DEEPEST):
        if following is None:
            return
        way = "".join(traceback.format_tb(following.__traceback__))
        yield f"{way}{type(following).__module__}.{type(following).__qualname__}"
        following = following.__cause__ or following.__context__


def write_lines(level: str, output: TextIO) -> None:
    """From here on every logger of the process writes such lines."""
    handler = logging.StreamHandler(output)
    handler.setFormatter(Lines())
    logging.basicConfig(level=LEVELS[level], handlers=[handler], force=True)
