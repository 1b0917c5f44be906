"""What a provider's answer to a free question says of it and of its keys; and that no key is told to anyone else."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from email.utils import formatdate
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port

from proxy.config import Config, endpoints, load
from proxy.doctor.finding import Finding
from proxy.doctor.providers import Checked, check_provider, off_finding
from proxy.roads import Roads

KEY = "sk-canary-0123456789abcdef"
OTHER = "sk-canary-other-0123456789"


class Server:
    """Answers every question with `status`, or with that of the key in `keys`; never where it is None."""

    def __init__(self) -> None:
        self.status: int | None = 200
        self.keys: dict[str, int] = {}
        self.headers: dict[str, str] = {}
        self.asked: list[tuple[str, str]] = []

    async def handle(self, request: web.Request) -> web.Response:
        self.asked.append((request.method, request.path))
        if self.status is None:
            await asyncio.Event().wait()
        status = self.keys.get(request.headers.get("authorization", ""), self.status)
        return web.json_response({"data": []}, status=status or 500, headers=self.headers)


@pytest.fixture
async def server() -> AsyncIterator[tuple[Server, str]]:
    server, app = Server(), web.Application()
    app.router.add_route("*", "/{tail:.*}", server.handle)
    async with TestServer(app, handler_cancellation=True) as running:
        yield server, str(running.make_url("")).rstrip("/")


def configured(tmp_path: Any, entry: str, environ: dict[str, str]) -> Config:
    (tmp_path / "config.yaml").write_text(f"providers: {{up: {entry}}}", "utf-8")
    return load(str(tmp_path), environ)


async def checked(tmp_path: Any, entry: str, **environ: str) -> Checked:
    """`seconds` of the environment: how long a step may take."""
    seconds = float(environ.pop("seconds", "2"))
    config = configured(tmp_path, entry, environ)
    on, _ = endpoints(config)
    roads = Roads(config, {"up": on["up"]}, asyncio.get_running_loop(), lambda key: None, environ)
    try:
        found = await check_provider(roads.by_name["up"], roads.asker, seconds)
    finally:
        await roads.close()
    assert "canary" not in repr(found)
    return found


async def key_finding(tmp_path: Any, url: str, **environ: str) -> Finding:
    found = await checked(tmp_path, f"{{kind: openai, base_url: '{url}/v1'}}", OPENAI_API_KEY=KEY, **environ)
    assert [each.check for each in found.findings] == ["dns", "connection", "key"]
    return found.findings[-1]


VERDICTS = [
    (200, "ok", "accepted: GET ", ""),
    (
        401,
        "failed",
        "the key was refused: GET ",
        "mistyped, revoked, or of another account: it came from OPENAI_API_KEY",
    ),
    (403, "failed", "the key was refused: GET ", "may lack a permission"),
    (404, "warning", "it is there, and knows no such path: GET ", "base_url is probably wrong: http://127.0.0.1:"),
    (407, "failed", "the proxy on the way wants to know who asks", "HTTPS_PROXY"),
    (429, "warning", "the key is known, and has asked too much", "higher limit"),
    (302, "warning", "it sends elsewhere", "base_url is probably wrong"),
    (418, "warning", "did not like the question", "base_url is probably wrong"),
    (503, "failed", "it answers with an error of its own", "status page"),
]


@pytest.mark.parametrize(("status", "state", "told", "advice"), VERDICTS)
async def test_what_an_answer_says(
    status: int, state: str, told: str, advice: str, server: tuple[Server, str], tmp_path: Any
) -> None:
    server[0].status = status
    found = await key_finding(tmp_path, server[1])
    assert (found.subject, found.state, bool(found.advice)) == ("up", state, bool(advice))
    assert told in found.detail
    assert f"answered {status} in " in found.detail
    assert advice in found.advice
    assert server[0].asked == [("GET", "/v1/models")]


async def test_each_of_several_keys_is_asked_by_itself(server: tuple[Server, str], tmp_path: Any) -> None:
    server[0].keys = {f"Bearer {OTHER}": 401}
    entry = f"{{kind: openai, base_url: '{server[1]}/v1', api_keys: [{{env: ONE}}, {{env: TWO}}]}}"
    found = await checked(tmp_path, entry, ONE=KEY, TWO=OTHER)
    assert [(each.check, each.state) for each in found.findings[2:]] == [("key", "ok"), ("key", "failed")]
    assert found.findings[-1].advice.endswith(": number 2, it came from TWO")
    assert len(server[0].asked) == 2


@pytest.mark.parametrize(
    ("status", "state", "told"), [(200, "ok", "none is needed"), (401, "failed", "it wants a key")]
)
async def test_without_a_key(status: int, state: str, told: str, server: tuple[Server, str], tmp_path: Any) -> None:
    server[0].status = status
    found = (await checked(tmp_path, f"{{kind: vllm, base_url: '{server[1]}/v1'}}")).findings[-1]
    assert (found.state, told in found.detail) == (state, True)
    assert found.advice == ("" if status == 200 else "set VLLM_API_KEY or providers.up.api_key")


async def test_who_has_no_free_question_is_shown_no_key(server: tuple[Server, str], tmp_path: Any) -> None:
    found = await checked(tmp_path, f"{{kind: ai21, base_url: '{server[1]}'}}", AI21_API_KEY=KEY)
    assert (found.findings[-1].check, found.findings[-1].state) == ("key", "skipped")
    assert server[0].asked == [("HEAD", "/")]
    server[0].status = 500
    found = await checked(tmp_path, f"{{kind: ai21, base_url: '{server[1]}'}}", AI21_API_KEY=KEY)
    assert (found.findings[-1].check, found.findings[-1].state) == ("answer", "failed")


async def test_who_never_answers_is_not_waited_for(server: tuple[Server, str], tmp_path: Any) -> None:
    server[0].status = None
    began = time.monotonic()
    found = await checked(tmp_path, f"{{kind: openai, base_url: '{server[1]}/v1', api_key: {KEY}}}", seconds="0.2")
    assert time.monotonic() - began < 3
    assert (found.findings[-1].state, found.offset) == ("failed", None)
    assert "did not answer within 0.2 seconds" in found.findings[-1].detail


async def test_nothing_is_asked_where_the_way_is_shut(tmp_path: Any) -> None:
    entry = f"{{kind: openai, base_url: 'http://127.0.0.1:{unused_port()}/v1', api_key: {KEY}}}"
    found = await checked(tmp_path, entry)
    assert [each.check for each in found.findings] == ["dns", "connection"]


async def test_the_providers_clock_is_read(server: tuple[Server, str], tmp_path: Any) -> None:
    server[0].headers = {"date": formatdate(time.time() - 3600, usegmt=True)}
    found = await checked(tmp_path, f"{{kind: openai, base_url: '{server[1]}/v1', api_key: {KEY}}}")
    assert found.offset == pytest.approx(3600, abs=5)


async def test_credentials_of_a_cloud_that_cannot_be_had(server: tuple[Server, str], tmp_path: Any) -> None:
    environ = {"AWS_WEB_IDENTITY_TOKEN_FILE": "/nowhere/token", "AWS_ROLE_ARN": "arn:aws:iam::1:role/x"}
    entry = f"{{kind: bedrock_openai, base_url: '{server[1]}', options: {{region: eu-west-1}}}}"
    found = (await checked(tmp_path, entry, **environ)).findings[-1]
    assert (found.check, found.state) == ("credentials", "failed")
    assert found.advice == "`outrider check` shows where credentials are looked for"
    assert server[0].asked == [("HEAD", "/")]


def test_one_that_is_off() -> None:
    assert off_finding("up", "no key: set X") == Finding("up", "configuration", "warning", "it is off", "no key: set X")
