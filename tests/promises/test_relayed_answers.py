"""What a provider answers to a relayed request comes down as it is: of any status, framed in any way, cut where it was cut."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.promises.caller import Answer, Caller
from tests.promises.relaying import Script, Visit, asking, store
from tests.promises.sidecars import KEY, openai_like, sidecar

GET = asking("GET", "/providers/up/files/1/content")


async def relayed(
    tmp_path: Path, script: Script, request: bytes = GET, counted: Mapping[str, float] | None = None
) -> Answer:
    """The answer to one request, on a connection that then carries another where it may."""
    async with store(script) as there, sidecar(tmp_path, {"up": openai_like(there.url)}) as running:
        caller = await running.caller()
        caller.send(request)
        answer = await read(caller, request)
        for kind, number in (counted or {}).items():
            assert await running.counted("llm_requests_failure", kind=kind) == number
    return answer


async def read(caller: Caller, request: bytes) -> Answer:
    status, headers = await caller.head()
    if request.startswith(b"HEAD") or status in (204, 304):
        return Answer(status, headers, b"")
    body, complete = await caller.rest()
    return Answer(status, headers, body, complete)


def saying(*pieces: bytes, cut: bool = False) -> Script:
    async def script(visit: Visit) -> None:
        await visit.head()
        await visit.body()
        for piece in pieces:
            visit.send(piece)
        if cut:
            visit.writer.close()

    return script


def answering(status: int, body: bytes = b"", **headers: str) -> Script:
    async def script(visit: Visit) -> None:
        await visit.head()
        await visit.body()
        visit.answer(status, body, {name.replace("_", "-"): value for name, value in headers.items()})

    return script


async def test_part_of_a_file(tmp_path: Path) -> None:
    told = {
        "content_range": "bytes 0-3/10",
        "accept_ranges": "bytes",
        "etag": '"1"',
        "content_disposition": 'attachment; filename="x"',
        "last_modified": "Sat, 21 Nov 2026 10:00:00 GMT",
        "content_type": "audio/mpeg",
    }
    answer = await relayed(tmp_path, answering(206, b"\x00\xff\r\n", **told))
    assert (answer.status, answer.body) == (206, b"\x00\xff\r\n")
    assert told.items() <= {name.replace("-", "_"): value for name, value in answer.headers.items()}.items()


async def test_the_head_alone(tmp_path: Path) -> None:
    script = saying(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\ncontent-type: text/plain\r\n\r\n")
    answer = await relayed(tmp_path, script, asking("HEAD", "/providers/up/files/1"))
    assert (answer.status, answer.headers["content-length"]) == (200, "1000")


@pytest.mark.parametrize("status", [204, 304])
async def test_an_answer_without_a_body_has_none(status: int, tmp_path: Path) -> None:
    async with (
        store(saying(f"HTTP/1.1 {status} X\r\netag: x\r\n\r\n".encode())) as there,
        sidecar(tmp_path, {"up": openai_like(there.url)}) as running,
    ):
        caller = await running.caller()
        caller.send(asking("DELETE", "/providers/up/files/1"))
        found, headers = await caller.head()
        assert found == status
        assert headers.keys().isdisjoint({"transfer-encoding", "content-length"})
        # The next answer begins where this one has ended.
        caller.send(asking("GET", "/v1/models"))
        assert (await caller.answer()).status == 200


async def test_an_answer_in_chunks_whose_trailers_are_dropped(tmp_path: Path) -> None:
    head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x-sum\r\n\r\n"
    answer = await relayed(tmp_path, saying(head, b"3\r\nabc\r\n", b"2\r\nde\r\n0\r\nx-sum: 1\r\n\r\n"))
    assert (answer.body, answer.complete) == (b"abcde", True)
    assert "x-sum" not in answer.headers


async def test_an_answer_that_ends_with_the_connection(tmp_path: Path) -> None:
    answer = await relayed(tmp_path, saying(b"HTTP/1.1 200 OK\r\n\r\nabc", cut=True))
    assert (answer.body, answer.complete) == (b"abc", True)


@pytest.mark.parametrize("head", [b"content-length: 10", b"transfer-encoding: chunked"], ids=["by length", "in chunks"])
async def test_an_answer_that_was_cut_is_cut_here(head: bytes, tmp_path: Path) -> None:
    body = b"3\r\nabc\r\n" if b"chunked" in head else b"abc"
    script = saying(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\n", body, cut=True)
    answer = await relayed(tmp_path, script, counted={"provider_stream_cut": 1})
    assert (answer.body, answer.complete) == (b"abc", False)


LOCATIONS = {
    "/v1/files/2?x=1": "/providers/up/files/2?x=1",
    "2": "/providers/up/files/1/2",
    "{url}/v1/files/3": "/providers/up/files/3",
    "{url}/elsewhere": None,
    "https://storage.example/signed?key=1": None,
    "//evil.example/v1/files": None,
    "http://[bad": None,
}


@pytest.mark.parametrize(("location", "shown"), LOCATIONS.items(), ids=LOCATIONS)
async def test_a_redirect_is_relayed_and_leads_through_here(location: str, shown: str | None, tmp_path: Path) -> None:
    async def script(visit: Visit) -> None:
        await visit.head()
        visit.answer(302, b"", {"location": location.replace("{url}", f"http://{visit.asked.headers['host']}")})

    answer = await relayed(tmp_path, script)
    assert answer.status == 302
    assert answer.headers.get("location") == shown


async def test_an_error_is_the_provider_s_own_and_counted(tmp_path: Path) -> None:
    body = b'{"error":{"message":"no such file","type":"invalid_request_error"}}'
    script = answering(404, body, content_type="application/json")
    answer = await relayed(tmp_path, script, counted={"model_not_found": 0, "invalid_request": 1})
    assert (answer.status, answer.body) == (404, body)
    assert answer.headers["content-type"] == "application/json"


async def test_our_key_in_an_error_is_taken_out(tmp_path: Path) -> None:
    body = f'{{"error":{{"message":"{KEY} may not"}}}}'.encode()
    answer = await relayed(tmp_path, answering(403, body, x_request_id=KEY, content_type="application/json"))
    assert answer.status == 403
    assert answer.json == {"error": {"message": "[redacted] may not"}}
    assert KEY not in str(answer.headers)


async def test_a_compressed_error_is_not_shown_for_nobody_can_read_it(tmp_path: Path) -> None:
    answer = await relayed(tmp_path, answering(500, b"\x1f\x8bxx", content_encoding="gzip"))
    assert (answer.status, answer.body) == (500, b"")


async def test_a_refused_key_is_the_operator_s_affair(tmp_path: Path) -> None:
    body = f'{{"error":{{"message":"bad key {KEY}"}}}}'.encode()
    answer = await relayed(tmp_path, answering(401, body), counted={"authentication_failed": 1})
    assert (answer.status, answer.headers["x-should-retry"]) == (500, "false")
    assert KEY not in answer.body.decode()


async def test_an_answer_before_the_request_is_over_ends_the_upload(tmp_path: Path) -> None:
    async def script(visit: Visit) -> None:
        await visit.head()
        visit.answer(413, b'{"error":{"message":"too large"}}')

    async with store(script) as there, sidecar(tmp_path, {"up": openai_like(there.url)}) as running:
        caller = await running.caller()
        caller.send(asking("POST", "/providers/up/files", content_length="1000000"))
        caller.send(b"x" * 1000)
        answer = await caller.answer()
        assert (answer.status, answer.error["message"]) == (413, "too large")
        assert answer.headers["connection"] == "close"
        await there.visits[0].is_left()


async def test_an_answer_may_come_while_the_request_goes_on(tmp_path: Path) -> None:
    async def script(visit: Visit) -> None:
        await visit.head()
        visit.send(b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\n")
        async for piece in visit.pieces():
            visit.send(piece.upper())

    async with store(script) as there, sidecar(tmp_path, {"up": openai_like(there.url)}) as running:
        caller = await running.caller()
        caller.send(asking("POST", "/providers/up/echo", content_length="6"))
        caller.send(b"abc")
        await caller.head()
        assert await caller.piece() == b"ABC"
        caller.send(b"def")
        assert await caller.piece() == b"DEF"


async def test_usage_is_read_where_the_path_says_how(tmp_path: Path) -> None:
    body = b'{"object":"list","data":[],"usage":{"prompt_tokens":7,"total_tokens":7}}'
    script = answering(200, body, content_type="application/json")
    async with store(script) as there, sidecar(tmp_path, {"up": openai_like(there.url)}) as running:
        caller = await running.caller()
        caller.send(asking("POST", "/providers/up/embeddings", b"{}"))
        assert (await caller.answer()).body == body
        assert await running.counted("llm_tokens_prompt", provider="up") == 7
