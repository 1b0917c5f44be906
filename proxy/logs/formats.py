"""How a line is written: as JSON, as logfmt, or for a terminal. What it says is not known here.

Nothing that came from outside can begin a line, end a value or move a cursor, in any of them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal

import orjson

Fields = dict[str, Any]
#: `auto` is the console where the output is a terminal, and JSON elsewhere.
Format = Literal["json", "logfmt", "console", "auto"]
Render = Callable[[Fields], bytes]

#: What a name of logfmt may hold, besides what is written as it is.
UNFIT = re.compile(r"[^\w.-]", re.ASCII)


def render_json(fields: Fields) -> bytes:
    """One line without its line feed. What orjson refuses, lone surrogates and large integers, json writes."""
    try:
        return orjson.dumps(fields, default=str)
    except orjson.JSONEncodeError:
        return json.dumps(fields, default=str).encode()


def render_logfmt(fields: Fields) -> bytes:
    """`name=value` in one line, quoted as JSON where need be; what says nothing is left out.

    https://brandur.org/logfmt. A mapping's members are fields of their own: `tokens.input=12`.
    """
    return " ".join(f"{UNFIT.sub('_', name)}={value_text(value)}" for name, value in flat(fields)).encode()


def flat(fields: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in fields.items():
        if isinstance(value, dict):
            yield from flat(value, f"{before}{name}.")
        elif value is not None and value not in ([], ()):
            yield f"{before}{name}", value


def render_console(fields: Fields) -> bytes:
    """One line, and a traceback below it."""
    rest = dict(fields)
    words = [rest.pop("time")[11:23], f"{rest.pop('level').upper():<7}", rest.pop("event")]
    words += [printable(rest.pop("message"))] if "message" in rest else []
    below = rest.pop("exception", None)
    words += [f"{name}={value_text(value)}" for name, value in flat(rest)]
    lines = [" ".join(words), *map(printable, (below or "").splitlines())]
    return "\n".join(lines).encode("utf-8", "backslashreplace")


RENDERERS: Mapping[str, Render] = {"json": render_json, "logfmt": render_logfmt, "console": render_console}


def renderer(format: Format, terminal: bool) -> Render:
    """`terminal`: whether the output is one."""
    return RENDERERS[("console" if terminal else "json") if format == "auto" else format]


def value_text(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    bare = text and text.isprintable() and not set(text) & set(' "=')
    return text if bare else json.dumps(text)


def printable(text: str) -> str:
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)
