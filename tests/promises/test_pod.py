"""A pod whose ConfigMap and Secret come late, change, and go: it starts, says what it waits for, and comes alive by itself."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.promises.caller import Answer, chat, get, until
from tests.promises.pods import Pod, pod
from tests.promises.sidecars import PATIENCE, ROOT, openai_like, process
from tests.promises.upstream import Asked, Provider
from tests.promises.wires import openai_reply

#: Paths of three dialects, a body for each, and where its error says what happened.
DIALECTS: dict[str, tuple[str, dict[str, Any], Any]] = {
    "openai": ("/v1/chat/completions", chat("gpt-4o"), lambda body: body["error"]["type"]),
    "anthropic": (
        "/v1/messages",
        {"model": "claude-sonnet-4-5", "max_tokens": 5, "messages": [{"role": "user", "content": "hi"}]},
        lambda body: body["type"] == "error" and body["error"]["message"],
    ),
    "gemini": (
        "/v1beta/models/gemini-2.5-flash:generateContent",
        {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]},
        lambda body: body["error"]["code"] == 503 and body["error"]["message"],
    ),
}


def hello(asked: Asked) -> None:
    asked.link.whole(openai_reply(f"signed {asked.headers['authorization'].removeprefix('Bearer ')}"))


def said(answer: Answer) -> str:
    assert answer.status == 200, answer.body
    content: str = answer.json["choices"][0]["message"]["content"]
    return content


async def says(running: Pod, words: str) -> None:
    """Wait until an answer says so; every answer until then is a good one."""

    async def asked() -> bool:
        return said(await running.ask(chat("openai:m"))) == words

    await until(asked)


async def comes_on(running: Pod) -> None:
    async def asked() -> bool:
        return (await running.ask(chat("openai:m"))).status == 200

    await until(asked)


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_without_both_it_is_ready_and_says_in_each_dialect_what_is_missing(dialect: str, tmp_path: Path) -> None:
    path, body, told = DIALECTS[dialect]
    async with pod(tmp_path) as running:
        for probe in ("/startupz", "/readyz", "/livez"):
            assert (await get(running.ops, probe)).status == 200
        answer = await running.ask(body, path=path)
        assert (answer.status, answer.headers["retry-after"]) == (503, "5")
        assert told(answer.json) in ("no_healthy_target", answer.json["error"]["message"])
        assert f"{tmp_path / 'keys'} is empty (is the Secret there?)" in answer.json["error"]["message"]
        assert f"{tmp_path / 'config'} is empty (is the ConfigMap there?)" in answer.json["error"]["message"]
        assert (await running.ask(chat("mock"))).status == 200
    missing = [orjson.loads(line).get("missing", "") for line in running.log().splitlines()]
    assert sum("is empty (is the" in each for each in missing) == 2


async def test_it_comes_alive_when_they_appear_and_goes_on_when_they_go(tmp_path: Path) -> None:
    async with Provider(hello) as provider, pod(tmp_path) as running:
        entry = {"openai": {"base_url": f"{provider.url}/v1"}}
        running.configure(entry)
        await running.reloads("taken", 1)
        refused = await running.ask(chat("openai:m"))
        assert (refused.status, refused.error["type"]) == (503, "no_healthy_target")
        assert f"no key for openai: {tmp_path / 'keys'} is empty (is the Secret there?)" in refused.error["message"]
        running.put_keys(openai="sk-first-key", other="x")
        await comes_on(running)
        assert said(await running.ask(chat("openai:m"))) == "signed sk-first-key"
        running.put_keys(openai="sk-second-key", other="x")
        await says(running, "signed sk-second-key")
        assert await running.counted("outrider_config_reloads_total", result="taken") == 2
        running.delete("keys")
        assert "--keys is empty now" in "".join(await running.reload())
        running.delete("config")
        assert "--config is empty now" in "".join(await running.reload())
        assert await running.counted("outrider_config_reload_failed") == 1
        assert said(await running.ask(chat("openai:m"))) == "signed sk-second-key"
        assert await running.ready() == 200
    assert "sk-first-key" not in running.log()


async def test_a_key_that_is_taken_away_alone_turns_its_provider_off(tmp_path: Path) -> None:
    async with Provider(hello) as provider, pod(tmp_path) as running:
        running.put_keys(openai="sk-first-key", groq="gsk-1")
        running.configure({"openai": {"base_url": f"{provider.url}/v1"}, "groq": {}})
        assert await running.reload() == []
        await comes_on(running)
        running.put_keys(groq="gsk-1")
        assert await running.reload() == []
        assert "holds no file openai or OPENAI_API_KEY" in (await running.ask(chat("openai:m"))).error["message"]


async def test_credentials_of_a_cloud_are_files_too_and_rotate(tmp_path: Path) -> None:
    async with (
        Provider(lambda asked: asked.link.whole({"message": "not today"}, 400)) as provider,
        pod(tmp_path) as running,
    ):
        options = {"region": "eu-west-1"}
        running.configure({"bedrock": {"base_url": provider.url, "options": options}})
        for key in ("AKIAFIRST", "AKIASECOND"):
            running.put_keys(AWS_ACCESS_KEY_ID=key, AWS_SECRET_ACCESS_KEY=f"secret-of-{key}")
            assert await running.reload() == []
            assert (await running.ask(chat("bedrock:m"))).status == 400
            assert f"Credential={key}/" in provider.requests[-1].headers["authorization"]
        assert await running.reload() == []
        shown = (await get(running.ops, "/status/setup.json")).body
        assert b"secret-of" not in shown


async def test_a_fault_keeps_what_was_good(tmp_path: Path) -> None:
    async with Provider(hello) as provider, pod(tmp_path) as running:
        running.put_keys(openai="sk-first-key")
        running.configure({"openai": {"base_url": f"{provider.url}/v1"}})
        assert await running.reload() == []
        running.configure({"openai": {"base_url": "ftp://nowhere"}})
        assert "providers.openai.base_url" in "".join(await running.reload())
        assert said(await running.ask(chat("openai:m"))) == "signed sk-first-key"
        assert await running.counted("outrider_config_reload_failed") == 1
        running.configure({"openai": {"base_url": f"{provider.url}/v1"}})
        assert await running.reload() == []
        assert await running.counted("outrider_config_reload_failed") == 0


async def test_a_fault_at_the_start_ends_it_with_the_fault_as_its_last_line(tmp_path: Path) -> None:
    for name, text in (("config", "listen: {prot: 1}"), ("keys", "")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.yaml").write_text(text, "utf-8")
    arguments = ["-m", "proxy", "serve", "--config", str(tmp_path / "config"), "--keys", str(tmp_path / "keys")]
    started = await asyncio.create_subprocess_exec(sys.executable, *arguments, cwd=ROOT, stderr=PIPE, env={})
    async with asyncio.timeout(PATIENCE):
        _, stderr = await started.communicate()
    assert started.returncode == 2
    assert stderr.decode().splitlines()[-1].startswith("outrider: listen.prot is an unknown key; allowed: ")


async def test_what_was_used_is_summed_up_in_the_last_line(tmp_path: Path) -> None:
    async with Provider(lambda asked: asked.link.whole(openai_reply("hi"))) as provider:
        async with process(tmp_path, {"up": openai_like(provider.url)}) as running:
            for _ in range(3):
                assert (await running.ask(chat())).status == 200
            assert (await running.ask(chat("nobody:m"))).status == 404
            running.stop()
            assert await running.ended() == 0
        lines = [orjson.loads(line) for line in running.log().splitlines()]
        assert lines[-1]["message"] == "stopped"
        used = {(each["provider"], each["model"]): each for each in lines[-1]["usage"]}
        up = used["up", "up:m"]
        assert (up["calls"], up["failed"], up["unpriced"], up["cost"]) == (3, 0, 3, "0")
        told = [line["tokens"] for line in lines if line["event"] == "call" and line["provider"] == "up"]
        assert up["tokens"] == {bucket: sum(each[bucket] for each in told) for bucket in told[0]}
        assert [each["failed"] for key, each in used.items() if key[0] == "none"] == [1]


async def test_a_call_is_told_at_its_own_end_and_not_at_that_of_the_process(tmp_path: Path) -> None:
    async with process(tmp_path) as running:
        assert (await running.ask(chat("mock"), {"x-request-id": "ended-before"})).status == 200
        await until(lambda: "ended-before" in running.log(), 5)
        os.kill(running.pid, signal.SIGKILL)
        assert await running.ended() == -signal.SIGKILL
    lines = [orjson.loads(line) for line in running.log().splitlines()]
    assert [line["id"] for line in lines if line["event"] == "call"] == ["ended-before"]
    assert "stopped" not in running.log()
