"""An answer that is collected, heard, and told in every dialect that has a door for embeddings."""

from __future__ import annotations

from typing import Any, cast

import orjson
import pytest

from proxy.call import Call, Failure, Json, Target, Usage
from proxy.providers import Endpoint, all_providers
from proxy.translate import DIALECTS
from proxy.upstream import batched
from proxy.upstream.batched import Collected, Telling, told
from tests.upstream.lane import CREATED, Recorder

TELLING = Telling(lambda: 5.0, lambda: CREATED)
VECTORS = [[0.5, -1.0], [0.25, 2.0]]
CODED = ["AAAAPwAAgL8=", "AACAPgAAAEA="]
UNIFIED: Json = {
    "object": "list",
    "data": [{"object": "embedding", "index": index, "embedding": vector} for index, vector in enumerate(VECTORS)],
    "model": "m-1",
    "usage": {"prompt_tokens": 7, "total_tokens": 7},
}


def merged_call(wire: Any = None, dialect: str = "openai", headers: Any = ()) -> Call:
    client = Collected()
    client.start(200, headers)
    client.write(wire if isinstance(wire, bytes) else orjson.dumps(wire))
    return Call("batch-1", dialect, "embeddings", b"", {}, "m", False, {}, client)


def caller(dialect: str = "openai", kind: str = "openai", **json: Any) -> tuple[Call, Recorder]:
    client = Recorder()
    made = Call("id-1", dialect, "embeddings", b"", {"input": ["a", "b"], **json}, "alias", False, {}, client, 4.0)
    made.target = Target("up", "m", Endpoint("up", kind, all_providers()[kind], "http://up"))
    return made, client


# ---- collecting


def test_nobody_has_heard_before_the_end_and_what_comes_again_comes_instead() -> None:
    client = Collected()
    client.start(200, [("a", "1")])
    client.write(b"half of an ans")
    assert client.started is False
    client.start(200, [("b", "2")])
    client.write(b"{")
    client.write(b"}")
    assert (client.headers, client.take(), client.take()) == ([("b", "2")], b"{}", b"")


def test_an_answer_has_its_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batched, "LARGEST", 10)
    client = Collected()
    client.start(200, [])
    client.write(b"0123456789")
    with pytest.raises(Failure, match="longer than 10 bytes"):
        client.write(b"0")
    assert client.take() == b""


# ---- hearing

HEARD: dict[str, Json] = {
    "openai": UNIFIED,
    "gemini": {"embeddings": [{"values": vector} for vector in VECTORS], "usageMetadata": {"promptTokenCount": 7}},
    "ollama": {"model": "m-1", "embeddings": VECTORS, "prompt_eval_count": 7},
    "cohere": {"id": "e", "embeddings": {"float": VECTORS}, "meta": {"billed_units": {"input_tokens": 7}}},
}


@pytest.mark.parametrize("dialect", HEARD)
def test_it_is_heard_in_its_own_dialect(dialect: str) -> None:
    merged = merged_call(HEARD[dialect], dialect)
    unified = TELLING.hear(merged)
    assert [entry["embedding"] for entry in unified["data"]] == VECTORS
    assert merged.usage is not None
    assert merged.usage.prompt == 7


def test_usage_that_is_known_stays() -> None:
    merged = merged_call(UNIFIED)
    merged.usage = Usage(99)
    TELLING.hear(merged)
    assert merged.usage == Usage(99)


@pytest.mark.parametrize("body", [b"", b"[1]", b"<html>", b'{"object": "list"', b'{"error": {"message": "no"}}', b"{}"])
def test_what_is_no_answer_is_a_failure(body: bytes) -> None:
    with pytest.raises(Failure, match="provider_error"):
        TELLING.hear(merged_call(body))


# ---- telling


@pytest.mark.parametrize("dialect", ["openai", "gemini", "gemini_one", "ollama", "cohere"])
async def test_each_hears_it_in_its_own_dialect_and_with_its_own_receipt(dialect: str) -> None:
    call, client = caller(dialect)
    call.attempts = 2
    headers = [("x-ratelimit-remaining", "9"), ("x-request-id", "batch-1"), ("x-outrider-upstream-request-id", "req-7")]
    unified = {**UNIFIED, "data": UNIFIED["data"][: 1 if dialect == "gemini_one" else 2]}
    await TELLING.answer(call, unified, merged_call(b"", headers=headers))
    operation = DIALECTS[dialect].embeddings
    assert operation is not None
    heard = operation.parse_reply(orjson.loads(client.body))
    assert [entry["embedding"] for entry in heard["data"]] == VECTORS[: len(unified["data"])]
    assert (client.status, client.finished) == (200, True)
    assert int(client.headers["content-length"]) == len(client.body)
    said = {"x-request-id": "id-1", "x-outrider-attempts": "2", "x-outrider-provider": "up"}
    said |= {"x-ratelimit-remaining": "9", "x-outrider-upstream-request-id": "req-7"}
    assert said.items() <= client.headers.items()


async def test_base64_stays_as_the_provider_sent_it_and_is_made_where_it_sent_numbers() -> None:
    coded = {**UNIFIED, "data": [{**entry, "embedding": CODED[entry["index"]]} for entry in UNIFIED["data"]]}
    for unified in (coded, UNIFIED):
        call, client = caller(encoding_format="base64")
        await TELLING.answer(call, dict(unified), merged_call(b""))
        assert [entry["embedding"] for entry in orjson.loads(client.body)["data"]] == CODED


async def test_what_cannot_be_told_is_told_to_nobody() -> None:
    call, client = caller("ollama")
    unified = {**UNIFIED, "data": [{"index": 0, "embedding": "not numbers"}]}
    with pytest.raises(Failure, match="provider_error"):
        await TELLING.answer(call, unified, merged_call(b""))
    assert client.started is False


async def test_an_answer_without_a_name_is_named_after_the_call() -> None:
    call, client = caller()
    await TELLING.answer(call, {**UNIFIED, "id": "chatcmpl-batch-1"}, merged_call(b""))
    assert orjson.loads(client.body)["id"] == "chatcmpl-id-1"
    call, client = caller("cohere")
    await TELLING.answer(call, dict(UNIFIED), merged_call(b""))
    assert orjson.loads(client.body)["id"] == "chatcmpl-id-1"
    call, client = caller()
    await TELLING.answer(call, dict(UNIFIED), merged_call(b""))
    assert orjson.loads(client.body) == UNIFIED


def test_headers_of_our_own_are_not_passed_on() -> None:
    ours = [("content-type", "x"), ("content-length", "9"), ("x-request-id", "1"), ("x-outrider-attempts", "1")]
    theirs = [("retry-after", "1"), ("x-ratelimit-limit", "2"), ("openai-processing-ms", "3")]
    assert told([*ours, *theirs]) == theirs


# ---- keeping


class Kept:
    """A Tape."""

    def __init__(self) -> None:
        self.words: Any = None
        self.created = 0
        self.body = b""
        self.ended = False

    def whole(self, call: Call, words: Any, created: int, body: bytes, reply: Json | None) -> None:
        assert call.client.started
        self.words, self.created, self.body, self.ended = words, created, body, True


@pytest.mark.parametrize("fields", [{}, {"encoding_format": "base64"}], ids=["numbers", "base64"])
@pytest.mark.parametrize("kind", ["openai", "gemini", "ollama", "cohere"])
async def test_the_part_is_kept_as_that_provider_would_have_said_it(kind: str, fields: dict[str, str]) -> None:
    call, client = caller("openai", kind, **fields)
    tape = call.tape = cast(Any, Kept())
    await TELLING.answer(call, dict(UNIFIED), merged_call(b""))
    assert (tape.words.theirs.name, tape.words.relay) == (kind, kind == "openai")
    assert (tape.created, tape.ended) == (CREATED, True)
    again = tape.words.hear.parse_reply(orjson.loads(tape.body))
    said = tape.words.say.render_reply(again, call.json)
    assert said["data"] == orjson.loads(client.body)["data"]
    assert tape.body == client.body or kind != "openai"


async def test_what_is_told_the_way_it_came_is_kept_so() -> None:
    call, client = caller("gemini", "gemini")
    tape = call.tape = cast(Any, Kept())
    await TELLING.answer(call, dict(UNIFIED), merged_call(b""))
    assert tape.body == client.body
