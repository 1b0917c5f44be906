"""The ops port over real sockets: what it says, whom it says it to, and what it stands."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

import aiohttp
import orjson
import pytest

from proxy.server import ops as subject
from proxy.server.feed import Feed
from proxy.server.ops import CONNECTIONS, PROMETHEUS_TEXT, Ops, OpsState
from proxy.server.ops_cache import CacheState

CANARY = "sk-canary-0123456789abcdef"


async def forget(what: str, which: str) -> int:
    return 0


async def key_of(path: str, headers: Mapping[str, str], body: bytes) -> str | None:
    return None


CACHE = CacheState(stats=lambda: {"enabled": False}, find=lambda key: None, forget=forget, key_of=key_of)


@dataclasses.dataclass
class Facts:
    """What the composition root would know."""

    lag: float = 0.0
    started: bool = True
    not_ready: list[str] = dataclasses.field(default_factory=list)
    page: list[bytes] = dataclasses.field(default_factory=lambda: [b"# TYPE a counter\na 1\n", b"b 2\n"])
    drained: int = 0
    ended: int = 0
    faults: list[str] = dataclasses.field(default_factory=list)
    forced: list[tuple[str, str]] = dataclasses.field(default_factory=list)
    feed: Feed = dataclasses.field(default_factory=lambda: Feed(lambda: 1000.0, lambda data: data))

    def state(self) -> OpsState:
        pool = {"active": 1, "idle": 2, "available": 97, "maximum": 100, "waiting": 0, "api_key": CANARY}
        providers: Mapping[str, Mapping[str, Any]] = {"openai": pool}
        return OpsState(
            version="1.2.3",
            lag=lambda: self.lag,
            started=lambda: self.started,
            not_ready=lambda: self.not_ready,
            metrics=lambda: iter(self.page),
            uptime=lambda: 12.3456,
            fingerprint=lambda: "abc123",
            providers=lambda: providers,
            calls_in_flight=lambda: 7,
            drain=self.drain,
            quit=self.quit,
            health=lambda: {"openai": {"healthy": True}},
            targets=lambda: {"openai:m": {"healthy": True}},
            reload=self.reload,
            force=self.force,
            limits=lambda model: {"error": "no such model"} if model == "x" else {"limits": {}, "model": model},
            cache=CACHE,
            more=lambda: {"budgets": {"day": {"spent": 1}}, "calls": [{"model": f"a {CANARY}"}]},
            feed=self.feed,
            setup=lambda: {"config": {"n": 1}},
            clean=lambda data: data.replace(CANARY.encode(), b"[redacted]"),
        )

    def drain(self) -> None:
        self.drained += 1

    def quit(self) -> None:
        self.ended += 1

    async def reload(self) -> Mapping[str, object]:
        return {"reloaded": not self.faults, "faults": self.faults}

    def force(self, target: str, state: str) -> str | None:
        self.forced.append((target, state))
        return None if target else "target must be one of openai:m"


@asynccontextmanager
async def running(facts: Facts, **options: bool) -> AsyncIterator[str]:
    ops = Ops(facts.state(), **options)
    [(host, port)] = await ops.start(["127.0.0.1"], 0)
    try:
        yield f"http://{host}:{port}"
    finally:
        await ops.close()


@dataclasses.dataclass
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)


async def ask(url: str, method: str = "GET", headers: Mapping[str, str] | None = None) -> Answer:
    async with (
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(10)) as session,
        session.request(method, url, headers=headers) as response,
    ):
        return Answer(response.status, response.headers, await response.read())


async def hang_up(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()


@pytest.mark.parametrize(("lag", "status"), [(0.0, 200), (29.9, 200), (30.0, 503)])
async def test_alive_while_the_loop_turns(lag: float, status: int) -> None:
    async with running(Facts(lag=lag)) as url:
        answer = await ask(f"{url}/livez")
    assert (answer.status, answer.json) == (status, {"loop_lag_seconds": lag})


async def test_ready_unless_there_is_a_reason() -> None:
    facts = Facts()
    async with running(facts) as url:
        assert (await ask(f"{url}/readyz")).json == {"ready": True, "reasons": []}
        facts.not_ready = ["draining"]
        answer = await ask(f"{url}/readyz")
    assert (answer.status, answer.json) == (503, {"ready": False, "reasons": ["draining"]})


async def test_started_once_it_is() -> None:
    facts = Facts(started=False)
    async with running(facts) as url:
        assert (await ask(f"{url}/startupz")).status == 503
        facts.started = True
        assert (await ask(f"{url}/startupz")).status == 200


async def test_metrics_are_the_page_in_full() -> None:
    facts = Facts(page=[b"a 1\n", b"#" * 300_000 + b"\n", b"b 2\n"])
    async with running(facts) as url:
        answer = await ask(f"{url}/metrics")
    assert (answer.status, answer.body) == (200, b"".join(facts.page))
    assert answer.headers["Content-Type"] == PROMETHEUS_TEXT


async def test_the_status_shows_numbers_and_no_secret() -> None:
    async with running(Facts(not_ready=["draining"], lag=0.25)) as url:
        answer = await ask(f"{url}/status.json")
    assert answer.json == {
        "version": "1.2.3",
        "uptime_seconds": 12.346,
        "config_fingerprint": "abc123",
        "not_ready": ["draining"],
        "loop_lag_seconds": 0.25,
        "calls_in_flight": 7,
        "health": {"openai": {"healthy": True}},
        "targets": {"openai:m": {"healthy": True}},
        "budgets": {"day": {"spent": 1}},
        "calls": [{"model": "a [redacted]"}],
        "providers": {"openai": {"active": 1, "idle": 2, "available": 97, "maximum": 100, "waiting": 0}},
    }
    assert CANARY.encode() not in answer.body


@pytest.mark.parametrize(("faults", "status"), [([], 200), (["models[0].model is 7"], 409)])
async def test_reloading_says_what_came_of_it(faults: list[str], status: int) -> None:
    async with running(Facts(faults=faults)) as url:
        answer = await ask(f"{url}/reload", "POST")
        assert (answer.status, answer.json) == (status, {"reloaded": not faults, "faults": faults})
        assert (await ask(f"{url}/reload")).status == 405


async def test_limits_are_told() -> None:
    async with running(Facts()) as url:
        assert (await ask(f"{url}/limits")).json == {"limits": {}, "model": ""}
        assert (await ask(f"{url}/limits?model=fast")).json == {"limits": {}, "model": "fast"}
        assert (await ask(f"{url}/limits?model=x")).status == 400


async def test_a_breaker_is_held_by_a_post() -> None:
    facts = Facts()
    async with running(facts) as url:
        answer = await ask(f"{url}/breaker?target=openai:m&state=open", "POST")
        assert (answer.status, answer.json) == (200, {"openai:m": {"healthy": True}})
        answer = await ask(f"{url}/breaker", "POST")
        assert (answer.status, answer.json) == (400, {"error": "target must be one of openai:m"})
    assert facts.forced == [("openai:m", "open"), ("", "")]


async def test_draining_is_begun_by_a_post() -> None:
    facts = Facts()
    async with running(facts) as url:
        assert (await ask(f"{url}/drain")).status == 405
        assert facts.drained == 0
        answer = await ask(f"{url}/drain", "POST")
    assert (answer.status, answer.json, facts.drained) == (202, {"draining": True}, 1)


async def test_the_end_is_begun_by_a_post() -> None:
    facts = Facts()
    async with running(facts) as url:
        assert (await ask(f"{url}/quitquitquit")).status == 405
        assert (await ask(f"{url}/quitquitquit", "POST", {"origin": "http://evil.example"})).status == 403
        assert facts.ended == 0
        assert (await ask(f"{url}/quitquitquit", "POST")).status == 202
    assert (facts.ended, facts.drained) == (1, 0)


@pytest.mark.parametrize("path", ["/", "/status/", "/livez/", "/metrics/x", "/..%2flivez", "/%00"])
async def test_anything_else_is_not_found(path: str) -> None:
    async with running(Facts()) as url:
        answer = await ask(url + path)
    assert answer.status == 404
    assert "/livez" in answer.json["pages"]


@pytest.mark.parametrize("method", ["POST", "HEAD", "PUT", "DELETE", "OPTIONS"])
async def test_other_methods_are_refused(method: str) -> None:
    async with running(Facts()) as url:
        answer = await ask(f"{url}/livez", method)
    assert (answer.status, answer.headers["Allow"]) == (405, "GET")


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "evil.example:11412"},
        {"Host": "10.0.0.7:11412"},
        {"Host": "[::1"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
    ],
)
async def test_a_browser_cannot_be_made_to_drain(headers: dict[str, str]) -> None:
    facts = Facts()
    async with running(facts, status_for_all=True) as url:
        assert (await ask(f"{url}/drain", "POST", headers)).status == 403
    assert facts.drained == 0


async def test_the_status_may_be_opened_to_all() -> None:
    async with running(Facts(), status_for_all=True) as url:
        assert (await ask(f"{url}/status.json", headers={"Host": "pod.example"})).status == 200
    async with running(Facts()) as url:
        assert (await ask(f"{url}/status.json", headers={"Host": "pod.example"})).status == 403


async def test_a_scraper_that_does_not_read_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "SEND_SECONDS", 0.2)
    async with running(Facts(page=[b"x" * 32_000_000])) as url:
        host, port = url.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port), limit=1024)
        writer.write(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        await asyncio.sleep(0.5)
        async with asyncio.timeout(5):
            with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
                await reader.readexactly(32_000_000)
        await hang_up(writer)


async def test_idle_connections_cannot_keep_a_probe_out() -> None:
    async with running(Facts()) as url:
        host, port = url.removeprefix("http://").split(":")
        held = [await asyncio.open_connection(host, int(port)) for _ in range(3 * CONNECTIONS)]
        assert (await ask(f"{url}/livez")).status == 200
        async with asyncio.timeout(5):
            oldest = await asyncio.gather(*(reader.read() for reader, _ in held[: 2 * CONNECTIONS]))
        assert not any(oldest)
        for _, writer in held:
            await hang_up(writer)


async def test_a_crowd_of_scrapers_shares_few_renderings() -> None:
    rendered = 0

    def page() -> Iterator[bytes]:
        nonlocal rendered
        rendered += 1
        for number in range(20):
            yield b'llm_requests_total{model="m%d"} 1\n' % number

    ops = Ops(dataclasses.replace(Facts().state(), metrics=page))
    [(host, port)] = await ops.start(["127.0.0.1"], 0)
    pages = await asyncio.gather(*(ask(f"http://{host}:{port}/metrics") for _ in range(CONNECTIONS)))
    await ops.close()
    assert {(answer.status, answer.body) for answer in pages} == {(200, b"".join(page()))}
    assert rendered < CONNECTIONS / 2


async def test_closing_frees_the_port_and_the_connections() -> None:
    ops = Ops(Facts().state())
    [(host, port)] = await ops.start(["127.0.0.1"], 0)
    reader, writer = await asyncio.open_connection(host, port)
    await ops.close()
    async with asyncio.timeout(5):
        assert await reader.read() == b""
    await hang_up(writer)
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(host, port)


async def test_closing_before_starting_is_nothing() -> None:
    await Ops(Facts().state()).close()
