"""The composition root: one configuration becomes something that listens, answers, drains and leaves nothing."""

from __future__ import annotations

import asyncio
import gc
import logging
import socket
from pathlib import Path
from typing import Any

import pytest

from proxy.app import Sidecar, main, tune_collector
from proxy.config import ConfigError, fingerprint, load
from tests.promises.caller import Answer, chat, get, until
from tests.promises.sidecars import KEY, anthropic_like, log_to, openai_like, sidecar, write_config
from tests.promises.upstream import Provider
from tests.promises.wires import anthropic_reply, openai_reply


def words(answer: Answer) -> str:
    content: str = answer.json["choices"][0]["message"]["content"]
    return content


# ---- life


async def test_it_is_ready_once_it_listens_and_no_longer_once_it_drains(tmp_path: Path) -> None:
    async with sidecar(tmp_path) as running:
        assert (await get(running.ops, "/readyz")).json == {"ready": True, "reasons": []}
        assert (await get(running.ops, "/startupz")).status == 200
        await running.sidecar.drain()
        assert (await get(running.ops, "/readyz")).json == {"ready": False, "reasons": ["draining"]}
        assert (await running.ask(chat("mock"))).status == 503


async def test_draining_twice_is_draining_once(tmp_path: Path) -> None:
    async with sidecar(tmp_path) as running:
        running.sidecar.start_drain()
        running.sidecar.start_drain()
        await running.sidecar.drain()
    assert running.log().count('"message":"draining"') == 1


async def test_what_was_closed_leaves_its_ports(tmp_path: Path) -> None:
    async with sidecar(tmp_path) as running:
        ports = (running.port, running.ops)
    for port in ports:
        with socket.create_server(("127.0.0.1", port)):
            pass


async def test_it_closes_with_calls_in_flight(tmp_path: Path) -> None:
    async with Provider() as provider:
        async with sidecar(tmp_path, {"up": openai_like(provider.url)}) as running:
            caller = await running.caller()
            caller.post(chat())
            link = (await provider.asked()).link
        await link.is_closed()


@pytest.mark.parametrize("which", ["listen", "ops"])
async def test_a_port_that_is_taken(which: str, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, log_to(tmp_path / "log"):
        sections = {which: {"hosts": ["127.0.0.1"], "port": taken.getsockname()[1]}}
        config = load(str(write_config(tmp_path, {}, sections)), {})
        inner = Sidecar(config, asyncio.get_running_loop())
        with pytest.raises(OSError, match="in use"):
            await inner.start()
        await inner.close()


def test_a_bad_configuration_starts_nothing(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("listen: {prot: 1}", "utf-8")
    with pytest.raises(ConfigError, match=r"listen\.prot"):
        main(str(path))


# ---- wiring


async def test_each_provider_is_reached_as_it_is_configured(tmp_path: Path) -> None:
    async with (
        Provider(lambda asked: asked.link.whole(openai_reply("from one"))) as one,
        Provider(lambda asked: asked.link.whole(anthropic_reply([{"type": "text", "text": "from two"}]))) as two,
    ):
        providers = {"one": openai_like(one.url), "two": anthropic_like(two.url, headers={"x-own": "yes"})}
        async with sidecar(tmp_path, providers) as running:
            assert words(await running.ask(chat("one:m"))) == "from one"
            assert words(await running.ask(chat("two:claude-x"))) == "from two"
        assert (one.requests[0].line, two.requests[0].line) == (
            "POST /v1/chat/completions HTTP/1.1",
            "POST /v1/messages HTTP/1.1",
        )
        assert one.requests[0].headers["authorization"] == f"Bearer {KEY}"
        assert two.requests[0].headers["x-api-key"] == KEY
        assert (two.requests[0].headers["x-own"], two.requests[0].headers["anthropic-version"]) == (
            "yes",
            "2023-06-01",
        )
        assert two.requests[0].json["model"] == "claude-x"


@pytest.mark.parametrize(("rule", "status"), [("reject", 400), ("drop", 200), ("warn", 200)])
async def test_what_cannot_be_said_follows_the_rule(rule: str, status: int, tmp_path: Path) -> None:
    async with (
        Provider(lambda asked: asked.link.whole(anthropic_reply([{"type": "text", "text": "x"}]))) as provider,
        sidecar(tmp_path, {"up": anthropic_like(provider.url)}, unsupported=rule) as running,
    ):
        answer = await running.ask(chat("up:claude-sonnet-4-5", seed=1, logit_bias={"5": 1}))
        assert answer.status == status
        if status == 200:
            assert answer.headers["x-outrider-dropped"] == "seed,logit_bias"
            assert "seed" not in provider.requests[0].json
        else:
            assert (answer.error["type"], answer.error["param"]) == ("unsupported_capability", "seed")
            assert provider.requests == []


TIMEOUTS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "the provider's first byte": ({"timeouts": {"first_byte": 0.05}}, {"stream": True}),
    "the provider's total": ({"timeouts": {"total": 0.05}}, {}),
    "the provider's idle": ({"timeouts": {"idle": 0.05, "first_byte": 0.1}}, {"stream": True}),
    "the request's own": ({}, {"timeout": 0.05}),
}


@pytest.mark.parametrize("case", TIMEOUTS)
async def test_a_provider_that_never_answers(case: str, tmp_path: Path) -> None:
    entry, fields = TIMEOUTS[case]
    async with Provider() as provider, sidecar(tmp_path, {"up": openai_like(provider.url, **entry)}) as running:
        answer = await running.ask(chat(**fields))
        assert (answer.status, answer.error["type"]) == (504, "timeout")
        await provider.links[0].is_closed()


async def test_a_provider_that_is_not_there(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    async with sidecar(tmp_path, {"up": openai_like(f"http://127.0.0.1:{port}")}) as running:
        for stream in (True, False):
            answer = await running.ask(chat(stream=stream))
            assert (answer.status, answer.error["type"]) == (502, "network_error")
        assert (await running.status())["providers"]["up"]["active"] == 0


async def test_no_more_connections_than_configured(tmp_path: Path) -> None:
    pool = {"connections": 2, "queue": 1}
    async with Provider() as provider, sidecar(tmp_path, {"up": openai_like(provider.url, pool=pool)}) as running:
        callers = [await running.caller() for _ in range(4)]
        for caller in callers[:3]:
            caller.post(chat())
        held = [await provider.asked() for _ in range(2)]

        async def one_waits() -> bool:
            return await running.waiting("up") == 1

        await until(one_waits)
        refused = await callers[3].ask(chat())
        assert (refused.status, refused.error["type"]) == (429, "rate_limited")
        assert len(provider.links) == 2
        for asked in held:
            asked.link.whole(openai_reply())
        (await provider.asked()).link.whole(openai_reply())
        assert [(await caller.answer()).status for caller in callers[:3]] == [200, 200, 200]


# ---- what is shown


async def test_the_status_tells_of_this_configuration(tmp_path: Path) -> None:
    async with (
        Provider(lambda asked: asked.link.whole(openai_reply())) as provider,
        sidecar(tmp_path, {"up": openai_like(provider.url)}) as running,
    ):
        await running.ask(chat())
        status = await running.status()
        assert status["config_fingerprint"] == fingerprint(load(str(tmp_path / "config.yaml"), {}))
        up = status["providers"]["up"]
        assert (up["created"], up["idle"], up["maximum"]) == (1, 1, 100)
        assert await running.counted("outrider_connections", provider="up", state="idle") == 1
        assert (await running.metrics())["outrider_log_dropped"] == 0


async def test_calls_are_shown_while_they_run(tmp_path: Path) -> None:
    async with Provider() as provider, sidecar(tmp_path, {"up": openai_like(provider.url)}) as running:
        caller = await running.caller()
        caller.post(chat())
        await provider.asked()
        assert (await running.status())["calls_in_flight"] == 1
        assert await running.counted("llm_active_connections") == 1


async def test_secrets_of_the_configuration_are_known_to_the_log(tmp_path: Path) -> None:
    async with sidecar(
        tmp_path, {"up": openai_like("http://127.0.0.1:9", headers={"x-own": "header-secret-1234"})}
    ) as running:
        logging.getLogger("test").warning("it is %s and header-secret-1234", KEY)
    assert "it is [redacted] and [redacted]" in running.log()


def test_the_collector_looks_seldom() -> None:
    before = gc.get_threshold()
    try:
        tune_collector()
        assert gc.get_threshold()[0] > before[0]
        assert gc.get_freeze_count() > 0
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
