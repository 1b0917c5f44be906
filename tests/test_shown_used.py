"""The last line of a process: what it has used, by provider and model."""

from __future__ import annotations

import json
from pathlib import Path

import orjson

from proxy.logs.formats import render_json, render_logfmt
from proxy.shown_used import last_line, used
from tests.promises.caller import chat
from tests.promises.sidecars import openai_like, sidecar
from tests.promises.upstream import Asked, Provider
from tests.promises.wires import openai_reply

CATALOG = [{"provider": "up", "model": "m", "price": {"input": 1, "output": 2}}]


def answer(asked: Asked) -> None:
    asked.link.whole(openai_reply("hello"))


async def test_it_is_the_sum_of_what_calls_have_told(tmp_path: Path) -> None:
    async with Provider(answer) as provider:
        up = {"up": openai_like(provider.url)}
        async with sidecar(tmp_path, up, catalog=CATALOG) as running:
            for _ in range(2):
                assert (await running.ask(chat())).status == 200
            assert (await running.ask(chat("up:dear"))).status == 200
            assert (await running.ask(chat(temperature="warm"))).status == 400
            await running.is_idle()
            found = {(each["provider"], each["model"]): each for each in used(running.sidecar)}
            line = last_line(running.sidecar, 1.7e9)
    priced, dear = found["up", "up:m"], found["up", "up:dear"]
    tokens = {bucket: 2 * count for bucket, count in dear["tokens"].items()}
    cost = (tokens["input"] + 2 * tokens["output"]) / 1e6
    assert (priced["calls"], priced["failed"], priced["tokens"], float(priced["cost"])) == (2, 0, tokens, cost)
    refused = found["none", "unknown"]
    assert (refused["calls"], refused["failed"], refused["tokens"]) == (1, 1, {})
    assert (priced["unpriced"], dear["unpriced"], dear["cost"]) == (0, 1, "0")
    assert orjson.loads(render_json(line.fields()))["usage"] == list(found.values())
    assert json.dumps(json.dumps([*found.values()])).encode() in render_logfmt(line.fields())
    last = orjson.loads(running.log().splitlines()[-1])
    assert (last["message"], last["usage"]) == ("stopped", [*found.values()])


async def test_who_was_asked_nothing_has_used_nothing(tmp_path: Path) -> None:
    async with sidecar(tmp_path) as running:
        assert used(running.sidecar) == []


async def test_who_wants_only_warnings_gets_no_last_line(tmp_path: Path) -> None:
    async with sidecar(tmp_path, logging={"level": "warning"}) as running:
        assert (await running.ask(chat("mock"))).status == 200
    assert running.log() == ""
