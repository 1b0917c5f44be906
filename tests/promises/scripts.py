"""What a provider does to each request, one after the other, in the words of any dialect; and what the log says of calls."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any

import orjson

from tests.promises.dialects.openai import OPENAI
from tests.promises.dialects.wire import Wire
from tests.promises.sidecars import Running
from tests.promises.upstream import Asked

Act = Callable[[Asked], None]
HELLO = [{"role": "user", "content": "hello"}]
WORDS = "the provider's own words"
#: Waits of its own that take no time, and a budget that no test runs into.
QUICK: dict[str, Any] = {
    "retry": {"attempts": 3, "initial": 0.01, "cap": 0.02},
    "retry_budget": {"share": 1, "floor": 1000},
}


class Script:
    """An `answer` for a Provider: the n-th request meets the n-th act, and the last one meets all further ones.

    times: when each came, monotonic, in seconds.
    """

    def __init__(self, *acts: Act) -> None:
        self.acts = list(acts)
        self.times: list[float] = []

    def __call__(self, asked: Asked) -> None:
        self.times.append(time.monotonic())
        act = self.acts.pop(0) if len(self.acts) > 1 else self.acts[0]
        act(asked)

    @property
    def count(self) -> int:
        return len(self.times)


def streams(asked: Asked) -> bool:
    return "tream" in asked.line or asked.json.get("stream") is True


def says(*words: str, wire: Wire = OPENAI) -> Act:
    def act(asked: Asked) -> None:
        said = words or ("hello",)
        if streams(asked):
            asked.link.stream(wire.stream(said).data, wire.content_type)
        else:
            asked.link.whole(wire.reply("".join(said)))

    return act


def refuses(status: int, headers: Mapping[str, str] | None = None, body: dict[str, Any] | None = None) -> Act:
    said = body or {"error": {"message": WORDS, "type": None, "param": None, "code": None}}
    return lambda asked: asked.link.whole(said, status, headers)


def sends(*events: bytes, wire: Wire = OPENAI, cut: bool = False) -> Act:
    """A stream of these, ended as HTTP has it, or cut."""

    def act(asked: Asked) -> None:
        asked.link.start(wire.content_type)
        asked.link.chunk(b"".join(events))
        (asked.link.cut if cut else asked.link.finish)()

    return act


def late(seconds: float, act: Act) -> Act:
    """Nothing where the sidecar has left by then."""

    def do(asked: Asked) -> None:
        if not asked.link.gone.is_set():
            act(asked)

    def begin(asked: Asked) -> None:
        asyncio.get_running_loop().call_later(seconds, do, asked)

    return begin


def is_silent(asked: Asked) -> None:
    """Until the sidecar hangs up."""


def hangs_up(asked: Asked) -> None:
    asked.link.cut()


def alias(*targets: str | Mapping[str, Any], name: str = "fast", **more: Any) -> dict[str, Any]:
    """A model of the configuration; a target is a provider's name, or all that is said of it."""
    entries = [{"provider": each} if isinstance(each, str) else each for each in targets]
    return {"model": name, "targets": [{"model": "m", **entry} for entry in entries], **more}


def text_of(answer_body: bytes, wire: Wire = OPENAI) -> str:
    """What an answer says, streamed or not."""
    if answer_body.startswith(b"{") and not wire.stream_path and wire.content_type != "application/x-ndjson":
        return wire.text_of(orjson.loads(answer_body))
    return wire.hear(answer_body).text


def call_lines(running: Running) -> list[dict[str, Any]]:
    lines = [orjson.loads(line) for line in running.log().splitlines()]
    return [line for line in lines if line["event"] == "call"]
