"""Whatever comes into the data port, out comes HTTP or nothing: no traceback, and the next caller is served."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

import httptools
import orjson
import pytest

from tests.promises.caller import CHAT, Answer, chat, http
from tests.promises.sidecars import InLoop, anthropic_like, openai_like, sidecar
from tests.promises.spellings import Speller, pieces
from tests.promises.upstream import Asked, Provider
from tests.promises.wires import anthropic_event, anthropic_reply, anthropic_stream, openai_reply, openai_stream

LIMIT = 64 << 20


class Parsed:
    """Answers read from raw bytes; raises httptools' errors where they are no HTTP."""

    def __init__(self, data: bytes) -> None:
        self.statuses: list[int] = []
        self._body = b""
        self.bodies: list[bytes] = []
        self._parser = httptools.HttpResponseParser(self)
        self._parser.feed_data(data)

    def on_headers_complete(self) -> None:
        self.statuses.append(self._parser.get_status_code())

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        self.bodies.append(self._body)
        self._body = b""


def answer(asked: Asked) -> None:
    """As the provider that was asked would: well."""
    stream = asked.json.get("stream")
    if asked.line.startswith("POST /v1/messages"):
        said: Any = anthropic_stream("hi") if stream else anthropic_reply([{"type": "text", "text": "hi"}])
    else:
        said = openai_stream("hi") if stream else openai_reply()
    if stream:
        asked.link.stream(said)
    else:
        asked.link.whole(said)


@asynccontextmanager
async def served(directory: Path, **sections: Any) -> AsyncIterator[InLoop]:
    """A sidecar that at its end is asked once more, and must have had no fault."""
    async with Provider(answer) as provider:
        providers = {"up": openai_like(provider.url), "claude": anthropic_like(provider.url)}
        async with sidecar(directory, providers, **sections) as running:
            yield running
            await running.is_idle()
            assert (await running.ask(chat())).status == 200
            assert await running.counted("llm_requests_failure", kind="internal_error") == 0
            assert await running.counted("llm_active_connections") == 0


async def raw(running: InLoop, data: bytes, *, end: bool = True) -> Parsed:
    """Send bytes, say that no more come, and read what they are worth."""
    caller = await running.caller()
    caller.send(data)
    if end:
        caller.no_more()
    said = await caller.everything()
    caller.hang_up()
    return Parsed(said)


async def test_random_bytes(tmp_path: Path) -> None:
    async with served(tmp_path) as running:
        for seed in range(150):
            dice = Random(seed)
            parsed = await raw(running, dice.randbytes(dice.randrange(1, 2000)))
            assert set(parsed.statuses) <= {400}


MARKS = (
    b"\r\n",
    b"\n",
    b"\0",
    b":",
    b" ",
    b"\r\n\r\n",
    b"%",
    b"\xff",
    b"HTTP/9.9",
    b"transfer-encoding: chunked\r\n",
    b"content-length: 5\r\n",
)


def mutated(data: bytes, dice: Random) -> bytes:
    for _ in range(dice.randrange(1, 4)):
        at = dice.randrange(len(data))
        instead = dice.choice((b"", dice.randbytes(3), dice.choice(MARKS), data[at : at + 40] * 2))
        data = data[:at] + instead + data[at + dice.randrange(8) :]
    return data


async def test_requests_with_random_damage(tmp_path: Path) -> None:
    async with served(tmp_path) as running:
        for seed in range(300):
            dice = Random(seed)
            body = chat(dice.choice(("up:m", "claude:m", "mock")), stream=dice.random() < 0.5)
            parsed = await raw(running, mutated(http(body), dice))
            assert all(status == 200 or 400 <= status < 500 for status in parsed.statuses), (seed, parsed.statuses)


FIELDS = (
    "messages", "stream", "stream_options", "max_tokens", "max_completion_tokens", "temperature", "top_p", "top_k", "n", "stop",
    "stop_sequences", "tools", "tool_choice", "parallel_tool_calls", "response_format", "reasoning", "reasoning_effort", "system",
    "metadata", "timeout", "fallbacks", "cache", "user", "service_tier", "functions", "modalities", "logit_bias", "cache_control",
    "context_management", "container", "mcp_servers", "thinking",
)  # fmt: skip


async def test_random_json(tmp_path: Path) -> None:
    """Whole bodies of any JSON, and requests whose fields have any value."""
    async with served(tmp_path) as running:
        caller = await running.caller()
        for seed in range(300):
            speller = Speller(seed)
            model = speller.dice.choice(("up:m", "claude:claude-sonnet-4-5", "claude:claude-opus-4-1", "mock"))
            fields = {name: speller.value() for name in speller.dice.sample(FIELDS, 2)}
            fields = {"messages": orjson.dumps(chat()["messages"]).decode(), **fields, "model": f'"{model}"'}
            text = speller.object([(f'"{name}"', value) for name, value in fields.items()])
            body = (speller.value() if seed % 5 == 0 else text).encode()
            said = await caller.ask(body)
            assert said.status in (200, 400, 404), (seed, body, said.body)


ODD: list[Any] = [
    None,
    0,
    -1,
    True,
    "",
    "x",
    [],
    {},
    [None],
    [[]],
    [{}],
    {"type": None},
    {"type": "x"},
    1e300,
    "\ud7ff",
    [{"type": "text"}],
]
PARTS = [
    {"type": kind, key: odd}
    for kind, key in (("text", "text"), ("image_url", "image_url"), ("file", "file"), ("image", "source"))
    for odd in ODD
]
CALLS = [{"id": "a", "type": "function", "function": odd} for odd in ODD] + [{"id": odd} for odd in ODD]
MESSAGES = [
    *({"role": role, "content": odd} for role in ("user", "system", "assistant", "tool") for odd in ODD),
    *({"role": "user", "content": [part]} for part in PARTS),
    *({"role": "assistant", "content": None, "tool_calls": [call]} for call in CALLS),
    *(
        {"role": "assistant", "content": "x", name: odd}
        for name in ("thinking_blocks", "provider_blocks", "annotations")
        for odd in ODD
    ),
    *({"role": "tool", "content": "x", "tool_call_id": odd} for odd in ODD),
]


@pytest.mark.parametrize("model", ["up:m", "claude:claude-sonnet-4-5", "mock"])
async def test_odd_messages(model: str, tmp_path: Path) -> None:
    async with served(tmp_path) as running:
        caller = await running.caller()
        for message in MESSAGES:
            said = await caller.ask(
                {"model": model, "messages": [message, {"role": "user", "content": "x"}], "top_k": 1}
            )
            assert said.status in (200, 400), (message, said.body)


def nested(depth: int) -> bytes:
    return b'{"a":' * depth + b"1" + b"}" * depth


@pytest.mark.parametrize("depth", [100, 300, 1100, 100_000])
@pytest.mark.parametrize("model", ["up:m", "claude:claude-sonnet-4-5"])
async def test_json_in_any_depth(model: str, depth: int, tmp_path: Path) -> None:
    """Relayed, made anew (top_k is not OpenAI's), and translated."""
    async with served(tmp_path) as running:
        for more in (b"", b'"top_k":1,'):
            tool = b'[{"type":"function","function":{"name":"f","parameters":%b}}]' % nested(depth)
            body = b'{"model":"%b",%b"tools":%b,"messages":[{"role":"user","content":"x"}]}' % (
                model.encode(),
                more,
                tool,
            )
            assert (await running.ask(body)).status in (200, 400)


@pytest.mark.parametrize("depth", [100, 300, 900])
@pytest.mark.parametrize("stream", [True, False])
async def test_a_provider_s_json_in_any_depth(stream: bool, depth: int, tmp_path: Path) -> None:
    deep = b'{"type":"mcp_tool_result","content":%b}' % nested(depth)
    block = [
        anthropic_event("content_block_start", index=0, content_block="DEEP"),
        anthropic_event("content_block_stop", index=0),
    ]
    start = anthropic_event("message_start", message=anthropic_reply([]))
    said = (
        (start + b"".join(block)).replace(b'"DEEP"', deep)
        if stream
        else orjson.dumps(anthropic_reply([])).replace(b"[]", b"[%b]" % deep)
    )
    async with (
        Provider(lambda asked: asked.link.stream(said) if stream else asked.link.whole(said)) as provider,
        sidecar(tmp_path, {"claude": anthropic_like(provider.url)}) as running,
    ):
        got = await running.ask(chat("claude:claude-sonnet-4-5", stream=stream))
        assert got.status in (200, 502)
        assert await running.counted("llm_requests_failure", kind="internal_error") == 0


async def test_half_requests(tmp_path: Path) -> None:
    whole = http(chat())
    async with served(tmp_path) as running:
        for end in range(1, len(whole), 7):
            parsed = await raw(running, whole[:end])
            assert set(parsed.statuses) <= {400}


HEADS: dict[str, tuple[bytes, set[int]]] = {
    "a huge header": (b"x: " + b"y" * 100_000, {400, 431}),
    "a huge header's name": (b"x" * 100_000 + b": y", {400, 431}),
    "many headers": (b"\r\n".join(b"x-%d: y" % number for number in range(2000)), {400, 431}),
    "a header in the limit": (b"x: " + b"y" * 20_000, {200}),
    "two lengths": (b"content-length: 5", {400}),
    "length and chunks": (b"transfer-encoding: chunked", {400}),
    "an odd encoding": (b"transfer-encoding: gzip, chunked", {400, 501}),
    "no name": (b": x", {400}),
    "a space before the colon": (b"x : y", {400}),
    "a bare line feed": (b"x: y\nz: w", {200, 400}),
    "latin-1": (b"x: \xe9\xff", {200, 400}),
    "HTTP/2 on offer": (b"connection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABkAAQ", {200}),
    "a websocket on offer": (b"connection: upgrade\r\nupgrade: websocket", {200, 400}),
}


@pytest.mark.parametrize("case", HEADS)
async def test_heads(case: str, tmp_path: Path) -> None:
    line, statuses = HEADS[case]
    first, _, rest = http(chat()).partition(b"\r\n")
    async with served(tmp_path) as running:
        caller = await running.caller()
        caller.send(first + b"\r\n" + line + b"\r\n" + rest)
        said = await caller.answer()
        assert said.status in statuses
        if said.status == 200:
            assert (await caller.ask(chat())).status == 200


LINES = {
    b"GET / HTTP/1.1": 404,
    b"OPTIONS * HTTP/1.1": 404,
    b"GET http://127.0.0.1/v1/models HTTP/1.1": 200,
    b"CONNECT example.com:443 HTTP/1.1": 404,
    b"BREW /v1/chat/completions HTTP/1.1": 400,
    b"PUT /v1/chat/completions HTTP/1.1": 405,
    b"GET /%ff%00%0d%0aevil:%201 HTTP/1.1": 404,
    b"GET /" + b"a" * 20_000 + b" HTTP/1.1": 404,
    b"GET /" + b"a" * 200_000 + b" HTTP/1.1": 400,
    b"POST http://127.0.0.1/v1/chat/completions HTTP/1.1": 400,
    b"GET /v1/models HTTP/9": 400,
    b"PRI * HTTP/2.0": 400,
    b"GET http://[::1/ HTTP/1.1": 400,
    b"GET /\xff\xfe HTTP/1.1": 400,
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03": 400,
}


@pytest.mark.parametrize("line", LINES, ids=lambda line: repr(line[:20]))
async def test_request_lines(line: bytes, tmp_path: Path) -> None:
    async with served(tmp_path) as running:
        parsed = await raw(running, line + b"\r\nhost: localhost\r\nconnection: close\r\n\r\n", end=False)
        assert parsed.statuses == [LINES[line]]


async def test_requests_in_one_write_are_answered_in_order(tmp_path: Path) -> None:
    async with served(tmp_path) as running:
        caller = await running.caller()
        texts = [f"number {number}" for number in range(50)]
        caller.send(b"".join(http(chat("mock", text, stream=number % 3 == 0)) for number, text in enumerate(texts)))
        for number, text in enumerate(texts):
            said = await caller.answer()
            assert said.status == 200
            words = b"".join(said.body.split()) if number % 3 else text_of(said)
            assert text.replace(" ", "").encode() in words.replace(b" ", b"")


def text_of(said: Answer) -> bytes:
    events = [orjson.loads(event[6:]) for event in said.body.split(b"\n\n") if event.startswith(b"data: {")]
    return "".join(choice["delta"].get("content") or "" for event in events for choice in event["choices"]).encode()


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("keep", [True, False])
async def test_http_1_0(keep: bool, stream: bool, tmp_path: Path) -> None:
    """It knows no chunks: a stream ends with the connection."""
    async with served(tmp_path) as running:
        caller = await running.caller()
        request = http(chat(stream=stream), {"connection": "keep-alive"} if keep else {}).replace(
            b"HTTP/1.1", b"HTTP/1.0", 1
        )
        caller.send(request)
        status, headers = await caller.head()
        assert status == 200
        assert "transfer-encoding" not in headers
        if stream:
            assert headers["connection"] == "close"
            assert await caller.everything() == openai_stream("hi")
        else:
            assert (await caller.rest())[0] == orjson.dumps(openai_reply())
            if not keep:
                assert await caller.is_closed()


CHUNKED = f"POST {CHAT} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n".encode()
BODY = orjson.dumps(chat())
CHUNKS: dict[str, tuple[bytes, int | None]] = {
    "one": (b"%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY), 200),
    "each byte": (b"".join(b"1\r\n%c\r\n" % byte for byte in BODY) + b"0\r\n\r\n", 200),
    "extensions": (b"%x;a=b\r\n%b\r\n0;c\r\n\r\n" % (len(BODY), BODY), 200),
    "trailers": (b"%x\r\n%b\r\n0\r\nx-trailer: 1\r\n\r\n" % (len(BODY), BODY), 200),
    "none": (b"0\r\n\r\n", 400),
    "no size": (b"zz\r\n%b\r\n0\r\n\r\n" % BODY, 400),
    "a negative size": (b"-5\r\n%b\r\n0\r\n\r\n" % BODY, 400),
    "a huge size": (b"fffffffffffffffff\r\n%b\r\n0\r\n\r\n" % BODY, 400),
    "too short a size": (b"3\r\n%b\r\n0\r\n\r\n" % BODY, 400),
    "cut": (b"%x\r\n%b" % (len(BODY), BODY[:20]), None),
}


@pytest.mark.parametrize("case", CHUNKS)
async def test_chunked_bodies(case: str, tmp_path: Path) -> None:
    data, status = CHUNKS[case]
    async with served(tmp_path) as running:
        if status is None:
            assert set((await raw(running, CHUNKED + data)).statuses) <= {400}
            return
        caller = await running.caller()
        caller.send(CHUNKED + data)
        assert (await caller.answer()).status == status


async def test_expect_100_continue(tmp_path: Path) -> None:
    async with served(tmp_path) as running:
        caller = await running.caller()
        head, _, body = http(chat(), {"expect": "100-continue"}).partition(b"\r\n\r\n")
        for _ in range(2):
            caller.send(head + b"\r\n\r\n")
            assert (await caller.head()).status == 100
            caller.send(body)
            assert (await caller.answer()).status == 200
        caller.send(head + b"\r\n\r\n" + body)
        status, _ = await caller.head()
        assert status in (100, 200)


async def test_who_asks_first_is_spared_a_body_that_is_too_long(tmp_path: Path) -> None:
    async with served(tmp_path) as running:
        caller = await running.caller()
        caller.send(
            f"POST {CHAT} HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: {LIMIT + 1}\r\n\r\n".encode()
        )
        said = await caller.answer()
        assert (said.status, said.error["type"], said.headers["connection"]) == (413, "request_too_large", "close")


@pytest.mark.parametrize("framing", ["length", "chunks"])
async def test_a_body_one_byte_too_long(framing: str, tmp_path: Path) -> None:
    body = b'{"model":"up:m","messages":[{"role":"user","content":"' + b"x" * LIMIT
    body = body[: LIMIT - 3] + b'"}]}'
    assert len(body) == LIMIT + 1
    async with served(tmp_path) as running:
        caller = await running.caller()
        caller.send(http(body) if framing == "length" else CHUNKED + b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body))
        said = await caller.answer()
        assert (said.status, said.error["type"]) == (413, "request_too_large")
        assert str(LIMIT) in said.error["message"]


async def test_a_body_of_just_the_limit(tmp_path: Path) -> None:
    body = orjson.dumps(chat(text="x" * 900_000))
    async with served(tmp_path, listen={"body_limit": len(body)}) as running:
        assert (await running.ask(body)).status == 200
        assert (await running.ask(body + b" ")).status == 413
        caller = await running.caller()
        caller.send(
            CHUNKED
            + b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces(body, Random(1)))
            + b"0\r\n\r\n"
        )
        assert (await caller.answer()).status == 200


PACKED: dict[str, tuple[Callable[[bytes], bytes], set[int]]] = {
    "gzip": (gzip.compress, {200}),
    "deflate": (zlib.compress, {200}),
    "gzip, broken": (lambda body: gzip.compress(body)[:-9] + b"nonsense!", {400}),
    "gzip, not at all": (lambda body: body, {400}),
}


@pytest.mark.parametrize("case", PACKED)
async def test_packed_bodies(case: str, tmp_path: Path) -> None:
    pack, statuses = PACKED[case]
    async with served(tmp_path) as running:
        encoding = case.partition(",")[0]
        assert (await running.ask(pack(BODY), {"content-encoding": encoding})).status in statuses


async def test_a_bomb(tmp_path: Path) -> None:
    """What is small packed counts by what it unpacks to."""
    bomb = gzip.compress(b" " * 20_000_000 + BODY)
    async with served(tmp_path, listen={"body_limit": 1_000_000}) as running:
        assert (await running.ask(bomb, {"content-encoding": "gzip"})).status == 413


async def test_a_receipt_stays_a_header(tmp_path: Path) -> None:
    """Names that the caller made up are told back, but no client can read a header of any length."""
    fields = {f"field-{number}-" + "ü\r\n" * 20: 1 for number in range(2000)}
    async with served(tmp_path) as running:
        answer = await running.ask({**chat("claude:claude-sonnet-4-5"), **fields})
        assert answer.status == 200
        assert 0 < len(answer.headers["x-outrider-dropped"]) < 4096
