"""Canaries for keys and for what calls say: with content off neither is in the log; with it on keys still are not.

In every format, at the closest level, whatever a provider does and whoever repeats it, in answers, errors and exceptions.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from proxy.call import Call
from proxy.server.gateway import Gateway
from tests.promises.caller import chat
from tests.promises.sidecars import KEY, InLoop, anthropic_like, openai_like, sidecar
from tests.promises.test_keys_do_not_leak import HEADER_KEY, HOSTILE, surfaces
from tests.promises.upstream import Asked, Provider
from tests.promises.wires import OPENAI_OPENING, openai_reply, openai_word, sse

PROMPT = "canary of a prompt"
ANSWER = "canary of an answer"
APP_KEY = "sk-the-application-s-own-0123456789"
OPENAI_END = sse({"id": "1", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}) + b"data: [DONE]\n\n"
CONTENT = {"prompts": True, "answers": True}
FORMATS = ["json", "logfmt", "console"]


def says(text: str) -> Callable[[Asked], None]:
    """A provider that says it a few letters at a time, where a stream is asked for."""

    def answer(asked: Asked) -> None:
        if not asked.json.get("stream"):
            asked.link.whole({"id": "1", "choices": [{"index": 0, "message": {"role": "assistant", "content": text}}]})
            return
        asked.link.start()
        asked.link.chunk(OPENAI_OPENING)
        for at in range(0, len(text), 5):
            asked.link.chunk(openai_word(text[at : at + 5]))
        asked.link.chunk(OPENAI_END)
        asked.link.finish()

    return answer


def refuses_with(text: str) -> Callable[[Asked], None]:
    error = {"error": {"message": text, "type": text, "code": text, "param": text}}
    return lambda asked: asked.link.whole(error, 400, {"x-request-id": text})


def asking(text: str, stream: bool, model: str = "up:m") -> dict[str, Any]:
    return chat(model, stream=stream, messages=[{"role": "user", "content": text}])


async def talk(directory: Path, logging: dict[str, Any]) -> tuple[str, str]:
    """Calls in which the provider, the application and a fault all say what they know: the log, and all that is shown."""
    said = f"{ANSWER}, {PROMPT}, {KEY}, {HEADER_KEY}, {APP_KEY}."
    providers = [says(said), refuses_with(said), *HOSTILE.values()]
    async with Provider() as provider:
        more = {"headers": {"x-extra-secret": HEADER_KEY}}
        up = {"up": openai_like(provider.url, **more), "claude": anthropic_like(provider.url, **more)}
        async with sidecar(directory, up, logging={"level": "debug", **logging}) as running:
            for provider.answer in providers:
                for stream in (True, False):
                    for model in ("up:m", "claude:m"):
                        asked = asking(f"{PROMPT} {KEY} {HEADER_KEY} {APP_KEY}", stream, model)
                        await running.ask(asked, {"authorization": f"Bearer {APP_KEY}"})
            await running.is_idle()
            shown = await surfaces(running)
    return running.log(), shown.decode()


@pytest.mark.parametrize("format", FORMATS)
async def test_with_content_off_neither_is_anywhere(format: str, tmp_path: Path) -> None:
    log, shown = await talk(tmp_path, {"format": format})
    assert "provider_error" in shown
    for canary in (PROMPT, ANSWER, KEY, HEADER_KEY, APP_KEY, KEY[:12]):
        assert canary not in log
        assert canary not in shown


@pytest.mark.parametrize("format", FORMATS)
async def test_with_content_on_keys_still_are_not(format: str, tmp_path: Path) -> None:
    log, shown = await talk(tmp_path, {"format": format, "content": CONTENT})
    assert log.count(PROMPT) > 10
    assert f"{ANSWER}, {PROMPT}, [redacted], [redacted], [redacted]." in log
    for canary in (KEY, HEADER_KEY, APP_KEY, KEY[:12], HEADER_KEY[:12], APP_KEY[:12]):
        assert canary not in log
        assert canary not in shown
    assert (PROMPT in shown, ANSWER in shown) == (False, False), "content is for the log alone"


@pytest.mark.parametrize("only", ["prompts", "answers"])
async def test_each_half_is_switched_on_alone(only: str, tmp_path: Path) -> None:
    async with Provider(says(ANSWER)) as provider:
        up = {"up": openai_like(provider.url)}
        async with sidecar(tmp_path, up, logging={"content": {only: True}}) as running:
            for stream in (True, False):
                await running.ask(asking(PROMPT, stream))
            await running.is_idle()
    log = running.log()
    assert log.count(PROMPT) == 2 * (only == "prompts")
    assert log.count(ANSWER) == 2 * (only == "answers")


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sidecar with a fault of its own, whose exception says what it met."""

    def fail(gateway: Gateway, call: Call) -> None:
        try:
            int(call.body.decode())
        except ValueError as error:
            raise LookupError(call.body, KEY) from error

    monkeypatch.setattr(Gateway, "_understand", fail)


async def ask_the_broken(directory: Path, logging: dict[str, Any]) -> InLoop:
    started = sidecar(directory, {"up": openai_like("http://127.0.0.1:1")}, logging=logging)
    running = await started.__aenter__()
    assert (await running.ask(asking(f"{PROMPT} {KEY}", False))).status == 500
    await running.is_idle()
    with pytest.raises(AssertionError, match="Traceback"):  # which a log is not supposed to hold, elsewhere
        await started.__aexit__(None, None, None)
    return running


@pytest.mark.usefixtures("broken")
@pytest.mark.parametrize("format", FORMATS)
async def test_an_exception_says_neither(format: str, tmp_path: Path) -> None:
    log = (await ask_the_broken(tmp_path, {"format": format})).log()
    assert "LookupError: (what it says may come from a call" in log
    assert "ValueError: (what it says may come from a call" in log
    assert "internal_error" in log
    for canary in (PROMPT, KEY, KEY[:12]):
        assert canary not in log


@pytest.mark.usefixtures("broken")
async def test_an_exception_says_what_it_met_where_prompts_are_logged_but_no_key(tmp_path: Path) -> None:
    log = (await ask_the_broken(tmp_path, {"content": {"prompts": True}})).log()
    assert PROMPT in log
    for canary in (KEY, KEY[:12]):
        assert canary not in log


HOSTILE_NAMES = [
    '"\n{"event":"call","kind":"forged"}',
    "\x1b[2J",
    "up:m\r\nevent=forged",
    "m" * 1_000_000,
    "\u2028",
    "é" * 500,
]
HOSTILE_NAMES += ['up:m" event=forged', "up:" + "\0" * 300]


@pytest.mark.parametrize("format", FORMATS)
async def test_what_callers_choose_makes_no_line(format: str, tmp_path: Path) -> None:
    async with Provider(lambda asked: asked.link.whole(openai_reply())) as provider:
        up = {"up": openai_like(provider.url)}
        async with sidecar(tmp_path, up, logging={"format": format, "level": "debug", "content": CONTENT}) as running:
            for name in HOSTILE_NAMES:
                body = asking(name[:5000], False, name) | {name[:5000]: 1, "lone": None}
                await running.ask(body, {"x-request-id": "a\tb", "x-outrider-tags": "t" * 3000})
            await running.is_idle()
    lines = running.log().split("\n")
    assert all(line.isprintable() and len(line) < 20_000 for line in lines)
    begins = {"json": r'\{"time":"', "logfmt": "time=", "console": "[0-2][0-9]:"}[format]
    assert all(re.match(begins, line) for line in lines if line)
    assert sum("call" in line for line in lines) >= len(HOSTILE_NAMES)
    if format == "json":
        assert all(orjson.loads(line).get("kind") != "forged" for line in lines if line)
