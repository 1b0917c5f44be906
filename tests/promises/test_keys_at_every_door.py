"""Keys at every door: ours go up in the one header that the provider wants, the caller's own nowhere; nobody reads either."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import orjson
import pytest

from tests.promises.caller import Answer, get, latest_events
from tests.promises.dialects import WIRES, alone, like, pairs, speaking_alone
from tests.promises.dialects.wire import Wire, frame
from tests.promises.sidecars import KEY, InLoop, sidecar
from tests.promises.upstream import Asked, Provider

CALLERS = "canary-of-the-caller-0123456789"
HEADER_KEY = "canary-header-value-0123456789"
#: Kind of provider -> the header its key goes in, and how.
SIGNED = {
    "openai": ("authorization", f"Bearer {KEY}"),
    "anthropic": ("x-api-key", KEY),
    "gemini": ("x-goog-api-key", KEY),
    "bedrock": ("authorization", f"Bearer {KEY}"),
    "ollama": ("authorization", f"Bearer {KEY}"),
    "cohere": ("authorization", f"Bearer {KEY}"),
}
SIGV4 = (
    f"AWS4-HMAC-SHA256 Credential={CALLERS}/20261121/us-east-1/bedrock/aws4_request, "
    f"SignedHeaders=host;x-amz-date, Signature={CALLERS}"
)
#: Every way in which the SDKs of these dialects show a key of the application's.
OWN = {
    "x-api-key": CALLERS,
    "x-goog-api-key": CALLERS,
    "api-key": CALLERS,
    "x-amz-security-token": CALLERS,
    "x-amz-date": "20261121T000000Z",
    "x-goog-user-project": CALLERS,
    "cookie": CALLERS,
    "openai-organization": CALLERS,
}
AUTHORIZATIONS = {"bearer": f"Bearer {CALLERS}", "sigv4": SIGV4, "basic": f"Basic {CALLERS}"}


def with_key(path: str, more: str) -> str:
    return f"{path}{'&' if '?' in path else '?'}{more}"


def echo(wire: Wire, status: int) -> Callable[[Asked], None]:
    """A provider that repeats in its refusal all that it was sent, and our keys besides."""

    def answer(asked: Asked) -> None:
        words = f"{asked.head.decode('latin-1')} {KEY} {HEADER_KEY}"
        body = {"error": {"message": words, "type": KEY, "code": KEY, "status": KEY}, "message": words}
        asked.link.whole(body, status, {"x-amzn-errortype": f"{KEY}:http", "x-request-id": KEY, "retry-after": "1"})

    return answer


def fail(wire: Wire, begun: bool) -> Callable[[Asked], None]:
    """One that does so in the middle of a stream, or at its beginning."""
    said = wire.stream(["one"])
    words = f"{KEY} {HEADER_KEY}"

    def answer(asked: Asked) -> None:
        asked.link.start(wire.content_type, headers={"x-request-id": KEY, "x-ratelimit-x": HEADER_KEY})
        asked.link.chunk(b"".join([*said.opening, *said.words]) if begun else b"")
        if wire.content_type.endswith("eventstream"):
            asked.link.chunk(frame({"message": words}, "modelStreamErrorException", "exception"))
        else:
            broken = orjson.dumps({"type": "error", "error": {"message": words, "type": words}, "message": words})
            asked.link.chunk(b"data: %b\n\n" % broken if wire.content_type.startswith("text") else broken + b"\n")
        asked.link.cut()

    return answer


def flat(answer: Answer) -> str:
    return answer.body.decode("utf-8", "replace") + repr(answer.headers)


async def surfaces(running: InLoop) -> str:
    pages = [await get(running.ops, path) for path in ("/metrics", "/status.json", "/status/setup.json", "/readyz")]
    pages.append(Answer(200, {}, await latest_events(running.ops)))
    pages += [await get(running.port, path) for path in ("/v1/models", "/v1beta/models", "/api/tags", "/nothing")]
    return "".join(map(flat, pages)) + running.log()


@pytest.mark.parametrize("how", AUTHORIZATIONS)
@pytest.mark.parametrize("dialect", WIRES)
async def test_the_caller_s_keys_stay_here(dialect: str, how: str, tmp_path: Path) -> None:
    """In the headers, and in the query, where Google's SDKs may put it."""
    wire = WIRES[dialect]
    path = with_key(wire.path_to("up:m"), f"key={CALLERS}&api_key={CALLERS}")
    headers = {**OWN, "authorization": AUTHORIZATIONS[how], **wire.headers}
    async with (
        Provider(lambda asked: asked.link.whole(wire.reply("hi"))) as provider,
        sidecar(tmp_path, {"up": like(wire, provider.url)}, logging={"level": "debug"}) as running,
    ):
        answer = await running.ask(wire.ask("up:m"), headers, path)
        assert answer.status == 200
        [asked] = provider.requests
        assert CALLERS.encode() not in asked.head + asked.body
        name, value = SIGNED[wire.kind]
        assert asked.headers[name] == value
        assert asked.head.count(KEY.encode()) == 1
        assert asked.line == f"POST {wire.path_to('m')} HTTP/1.1"
        said = flat(answer) + await surfaces(running)
        assert CALLERS not in said
        assert KEY not in said


@pytest.mark.parametrize("dialect", WIRES)
async def test_a_refused_call_shows_no_key_either(dialect: str, tmp_path: Path) -> None:
    """What is wrong with it, a path that leads nowhere, and a method that it does not take."""
    wire = WIRES[dialect]
    more = f"key={CALLERS}"
    headers = {**OWN, "authorization": SIGV4}
    async with Provider() as provider, sidecar(tmp_path, {"up": like(wire, provider.url)}) as running:
        asked = [
            await running.ask(b"{", headers, with_key(wire.path_to("up:m"), more)),
            await running.ask(wire.ask("nobody:m"), headers, with_key(wire.path_to("nobody:m"), more)),
            await running.ask(b"{}", headers, with_key("/v1beta/nothing", more)),
            await get(running.port, with_key(wire.path_to("up:m"), more)),
        ]
        assert all(answer.status in (400, 404, 405) for answer in asked)
        said = "".join(map(flat, asked)) + await surfaces(running)
        assert CALLERS not in said


@pytest.mark.parametrize(("client", "target"), [*((name, name) for name in WIRES), *pairs(step=9)])
async def test_whatever_fails_and_whoever_repeats_them(client: str, target: str, tmp_path: Path) -> None:
    ours, theirs = WIRES[client], WIRES[target]
    entry = (like if client == target else alone)(theirs, "", headers={"x-extra-secret": HEADER_KEY})
    with speaking_alone():
        async with Provider() as provider:
            entry["base_url"] = provider.url + theirs.base
            async with sidecar(tmp_path, {"up": entry}, logging={"level": "debug"}) as running:
                said = ""
                for answer in (*(echo(theirs, status) for status in (400, 401, 429, 500)), fail(theirs, False)):
                    provider.answer = answer
                    for stream in (True, False):
                        path = ours.path_to("up:m", stream)
                        said += flat(await running.ask(ours.ask("up:m", stream), ours.headers, path))
                if client != target:  # a relay's own bytes are not ours to change
                    provider.answer = fail(theirs, True)
                    path = ours.path_to("up:m", True)
                    said += flat(await running.ask(ours.ask("up:m", True), ours.headers, path))
                await running.is_idle()
                assert len(provider.requests) == (10 if client == target else 11)
                said += await surfaces(running)
        assert KEY not in said
        assert HEADER_KEY not in said
