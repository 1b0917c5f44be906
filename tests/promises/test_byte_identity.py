"""Where both sides speak the same dialect no byte changes, up or down, but the model's name where an alias says so."""

from __future__ import annotations

import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from random import Random

import pytest

from tests.promises.caller import CHAT, chat, http
from tests.promises.sidecars import openai_like, sidecar
from tests.promises.spellings import Speller, pieces
from tests.promises.upstream import Asked, Link, Provider
from tests.promises.wires import DONE, openai_reply, openai_stream

ROUNDS = 150
ALIAS = {"models": [{"model": "fast", "targets": [{"provider": "up", "model": 'real "name" ü'}]}]}


def digest(data: bytes) -> str:
    return sha256(data).hexdigest()


def reply_once(asked: Asked) -> None:
    asked.link.whole(openai_reply())


async def test_any_spelling_goes_up_as_it_came(tmp_path: Path) -> None:
    async with (
        Provider(reply_once) as provider,
        sidecar(tmp_path, {"up": openai_like(provider.url)}, **ALIAS) as running,
    ):
        caller = await running.caller()
        for seed in range(ROUNDS):
            speller = Speller(seed)
            body, _ = speller.request(speller.string("gpt-4"))
            answer = await caller.ask(body)
            assert answer.status == 200, (seed, body, answer.body)
            assert digest(provider.requests[-1].body) == digest(body), (seed, body, provider.requests[-1].body)


async def test_an_alias_changes_the_model_s_value_and_no_other_byte(tmp_path: Path) -> None:
    name = json.dumps('real "name" ü', ensure_ascii=False).encode()
    async with (
        Provider(reply_once) as provider,
        sidecar(tmp_path, {"up": openai_like(provider.url)}, **ALIAS) as running,
    ):
        caller = await running.caller()
        for seed in range(ROUNDS):
            speller = Speller(seed)
            body, model = speller.request(speller.string("fast"))
            assert (await caller.ask(body)).status == 200, (seed, body)
            assert provider.requests[-1].body in replacements(body, model, name), (
                seed,
                body,
                provider.requests[-1].body,
            )


def replacements(body: bytes, model: bytes, name: bytes) -> list[bytes]:
    """`body` with `name` in the place of `model`, where that stands after a key `"model"`; nested ones are not meant."""
    found = []
    start = body.find(b'"model"')
    while start >= 0:
        place = body.find(model, start)
        if place >= 0 and body[start + 7 : place].strip(b" \t\r\n") == b":" and depth(body[:start]) == 1:
            found.append(body[:place] + name + body[place + len(model) :])
        start = body.find(b'"model"', start + 1)
    return found


def depth(text: bytes) -> int:
    """How deep in containers the end of a JSON text's beginning stands."""
    level, quoted, escaped = 0, False, False
    for char in text.decode("utf-8", "ignore"):
        if quoted:
            quoted, escaped = escaped or char != '"', char == "\\" and not escaped
        elif char == '"':
            quoted = True
        else:
            level += (char in "{[") - (char in "}]")
    return level


NESTED = [
    b'{"metadata":{"model":"fast"},"messages":[{"role":"user","content":"x"}],"mod\\u0065l":"fast"}',
    b'{"mod\\u0065l":"fast","messages":[{"role":"user","content":"\\"model\\":\\"fast\\""}],"metadata":{"model": "fast"}}',
    b'{"metadata":{"model":"fast"},"model":"fast","messages":[{"role":"user","content":"x"}]}',
    b'{"messages":[{"role":"user","content":"x","model":"fast"}],"model"  :  "fast"}',
]


@pytest.mark.parametrize("body", NESTED, ids=["escaped", "escaped first", "nested first", "nested and spaced"])
async def test_only_the_call_s_own_model_is_rewritten(body: bytes, tmp_path: Path) -> None:
    expected = json.loads(body) | {"model": 'real "name" ü'}
    async with (
        Provider(reply_once) as provider,
        sidecar(tmp_path, {"up": openai_like(provider.url)}, **ALIAS) as running,
    ):
        caller = await running.caller()
        assert (await caller.ask(body)).status == 200
        assert provider.requests[-1].json == expected


@pytest.mark.parametrize("framing", ["content-length", "chunked"])
async def test_however_the_body_comes_in(framing: str, tmp_path: Path) -> None:
    async with Provider(reply_once) as provider, sidecar(tmp_path, {"up": openai_like(provider.url)}) as running:
        caller = await running.caller()
        for seed in range(40):
            speller = Speller(seed)
            body, _ = speller.request(speller.string("gpt-4"))
            for piece in pieces(request_of(body, framing, speller.dice), speller.dice):
                caller.send(piece)
                await caller.sent()
            assert (await caller.answer()).status == 200
            assert digest(provider.requests[-1].body) == digest(body)


def request_of(body: bytes, framing: str, dice: Random) -> bytes:
    if framing == "content-length":
        return http(body)
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces(body, dice))
    return f"POST {CHAT} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n".encode() + chunks + b"0\r\n\r\n"


# ---- down


def by_length(link: Link, kind: str, data: bytes, dice: Random) -> None:
    link.send(f"HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {len(data)}\r\n\r\n".encode())
    for piece in pieces(data, dice):
        link.send(piece)


def by_chunks(link: Link, kind: str, data: bytes, dice: Random) -> None:
    """With extensions and trailers, RFC 9112, section 7.1."""
    link.start(kind)
    for piece in pieces(data, dice):
        link.send(b'%X;name="value"\r\n%b\r\n' % (len(piece), piece))
    link.send(b"0\r\nx-trailer: 1\r\n\r\n")


def by_close(link: Link, kind: str, data: bytes, dice: Random) -> None:
    link.send(f"HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\nconnection: close\r\n\r\n".encode())
    for piece in pieces(data, dice):
        link.send(piece)
    link.cut()


FRAMINGS: dict[str, Callable[[Link, str, bytes, Random], None]] = {
    "length": by_length,
    "chunks": by_chunks,
    "close": by_close,
}


@pytest.mark.parametrize("framing", FRAMINGS)
async def test_any_reply_comes_down_as_it_was_sent(framing: str, tmp_path: Path) -> None:
    async with Provider() as provider, sidecar(tmp_path, {"up": openai_like(provider.url)}) as running:
        caller = await running.caller()
        for seed in range(30):
            speller = Speller(seed)
            choices = json.dumps(openai_reply()["choices"])
            body = speller.object(
                [('"choices"', choices), (speller.string("x"), speller.value()), ('"y"', speller.value())]
            ).encode()
            caller.post(chat())
            FRAMINGS[framing]((await provider.asked()).link, "application/json", body, speller.dice)
            answer = await caller.answer()
            assert answer.complete
            assert digest(answer.body) == digest(body)


#: Streams as the standard allows them: https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
STREAMS = {
    "plain": openai_stream("a", "b", "ü 🤖"),
    "crlf": openai_stream("a", "b").replace(b"\n", b"\r\n"),
    "comments": b": hello\n\n" + openai_stream("a", "b").replace(b"data:", b": ping\ndata:"),
    "fields": b"retry: 5\nid: 7\n" + openai_stream("a", "b").replace(b"data: ", b"event: message\ndata:"),
    "bom": b"\xef\xbb\xbf" + openai_stream("a"),
    "more after the end": openai_stream("a") + b": bye\n\n",
    "no blank line at the end": openai_stream("a") + DONE[:-1],
}


@pytest.mark.parametrize("framing", FRAMINGS)
@pytest.mark.parametrize("stream", STREAMS)
async def test_any_stream_comes_down_as_it_was_sent(stream: str, framing: str, tmp_path: Path) -> None:
    data = STREAMS[stream]
    async with Provider() as provider, sidecar(tmp_path, {"up": openai_like(provider.url)}) as running:
        caller = await running.caller()
        for seed in range(5):
            caller.post(chat(stream=True))
            FRAMINGS[framing]((await provider.asked()).link, "text/event-stream", data, Random(seed))
            answer = await caller.answer()
            assert answer.complete
            assert digest(answer.body) == digest(data)


async def test_a_large_reply_comes_down_whole(tmp_path: Path) -> None:
    """Larger than what is held to be checked first."""
    body = json.dumps(openai_reply("x" * 3_000_000)).encode()
    async with Provider() as provider, sidecar(tmp_path, {"up": openai_like(provider.url)}) as running:
        caller = await running.caller()
        for framing in ("length", "chunks", "length"):
            caller.post(chat())
            FRAMINGS[framing]((await provider.asked()).link, "application/json", body, Random(1))
            assert digest((await caller.answer()).body) == digest(body)
