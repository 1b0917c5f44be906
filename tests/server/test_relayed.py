"""From a request to what is relayed: which door, which provider, which path, which body; and what is refused, and why."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from typing import Any

import pytest

from proxy.call import Failure, Target
from proxy.providers import Endpoint, Provider, openai_paths
from proxy.server.connection import Request
from proxy.server.relayed import check_path, prepare, relayed_call, without_keys
from proxy.server.spool import Spool
from proxy.upstream.raw import RawCall
from proxy.upstream.upload import Upload
from tests.server.requests import answering, requested

OPENAI = Endpoint("up", "openai", Provider("openai", "", paths=openai_paths("images", "transcriptions")), "http://x/v1")
GOOGLE = Endpoint("google", "gemini", Provider("gemini", "", paths={}, auth="x-goog-api-key"), "http://y")
VERTEX = Endpoint("vertex", "vertex", Provider("gemini", "", paths={}, cloud="google"), "http://z")
LIMIT = 4096


class Names:
    """A Router of `provider:model`, and of the alias `pictures`."""

    providers: Iterable[Endpoint] = (OPENAI, GOOGLE, VERTEX)

    def provider(self, name: str) -> Endpoint:
        for endpoint in self.providers:
            if endpoint.name == name:
                return endpoint
        raise Failure("model_not_found", f"there is no provider {name}")

    def resolve(self, model: str) -> tuple[Target, ...]:
        name, _, rest = ("up:gpt-image-1" if model == "pictures" else model).partition(":")
        return (Target(name, rest, self.provider(name)),)

    async def ready(self) -> None: ...
    def models(self, provider: str | None = None, capability: str | None = None) -> list[dict[str, Any]]:
        return []

    def model(self, model: str) -> dict[str, Any]:
        return {}


async def prepared(request: Request) -> tuple[RawCall, bytes]:
    """The call, and all of its body."""
    client, _ = answering(request)
    call = relayed_call(request, client, 0.0)
    assert call is not None
    with closing(Spool()) as spool:
        await prepare(call, client, Names(), LIMIT, spool)
        upload = call.upload
        body = upload if isinstance(upload, bytes) else b"".join([piece async for piece in upload.pieces])
    return call, body


async def refused(request: Request) -> Failure:
    with pytest.raises(Failure) as caught:
        await prepared(request)
    return caught.value


# ---- doors


@pytest.mark.parametrize(
    ("method", "path", "operation"),
    [
        ("GET", "/providers/up/files", "raw"),
        ("DELETE", "/providers/nobody", "raw"),
        ("GET", "http://sidecar/providers/up/files", "raw"),
        ("POST", "/v1/images/generations", "images"),
        ("POST", "/audio/speech?x=y", "speech"),
        ("POST", "/openai/v1/moderations", "moderations"),
        ("GET", "/v1/images/generations", None),
        ("POST", "/v1/chat/completions", None),
        ("POST", "/v1/providers/up/files", None),
        ("OPTIONS", "*", None),
    ],
)
async def test_which_doors_lead_here(method: str, path: str, operation: str | None) -> None:
    request = requested(method, path)
    call = relayed_call(request, answering(request)[0], 0.0)
    assert (call and (call.operation, call.method)) == (operation and (operation, method))


# ---- a provider and a path


async def test_a_path_goes_on_with_its_query() -> None:
    call, body = await prepared(requested("PUT", "/providers/up/files/a%2Fb?x=1&y=/z?", b"abc"))
    assert (call.path, call.model, body) == ("/files/a%2Fb?x=1&y=/z?", "raw", b"abc")
    assert call.target == Target("up", "", OPENAI)


async def test_a_body_that_is_still_coming_is_a_stream() -> None:
    call, body = await prepared(requested("POST", "/providers/up/files", b"abc", coming=True))
    assert isinstance(call.upload, Upload)
    assert (call.upload.length, body) == (3, b"abc")
    call, _ = await prepared(requested("POST", "/providers/up/files", b"abc", coming=True, chunked=True))
    assert isinstance(call.upload, Upload)
    assert call.upload.length is None


async def test_a_body_that_was_unpacked_is_known_to_be() -> None:
    call, _ = await prepared(requested("POST", "/providers/up/files", b"abc", packed="gzip"))
    assert call.decoded


@pytest.mark.parametrize("path", ["/providers/up", "/providers/up?x=/files", "/providers/nobody/files", "/providers/"])
async def test_without_a_provider_and_a_path_there_is_nothing(path: str) -> None:
    assert (await refused(requested("GET", path))).status == 404


@pytest.mark.parametrize("upgrade", ["websocket", "WebSocket", "h2c, websocket"])
async def test_what_turns_into_another_protocol_is_refused(upgrade: str) -> None:
    failure = await refused(requested("GET", "/providers/up/realtime", upgrade=upgrade))
    assert (failure.kind, failure.status) == ("unsupported_capability", 501)


@pytest.mark.parametrize("method", ["CONNECT", "TRACE"])
async def test_methods_about_the_connection_are_refused(method: str) -> None:
    failure = await refused(requested(method, "/providers/up/files"))
    assert (failure.kind, failure.status) == ("invalid_request", 405)


@pytest.mark.parametrize("path", ["/providers/up/files", "/v1/images/generations"])
async def test_codings_besides_chunks_are_refused(path: str) -> None:
    request = requested("POST", path, b"{}", chunked=True, transfer_encoding="gzip, chunked")
    assert (await refused(request)).status == 501


WRONG_PATHS = (
    *("/..", "/a/../b", "/.", "/a/./b", "/%2e%2e/b", "/%2E./b", "/a/..%2fb", "/a%5c..%5cb", "/..\\b"),
    *("/%252e%252e/b", "/%25252e%25252e/b", "/..;/b", "/a/..;x=y/b", "//evil.example/b", "/https://evil.example/b"),
    *("/http:/evil", "/a b", "/a#b", "/\u00e4", "/a\x7fb", "/a?x=\x00", "/a?b c"),
)


@pytest.mark.parametrize("path", WRONG_PATHS)
def test_a_path_that_could_lead_elsewhere_is_none(path: str) -> None:
    with pytest.raises(Failure) as caught:
        check_path(path)
    assert caught.value.kind == "invalid_request"


@pytest.mark.parametrize(
    "path", ["/", "/a", "/a/", "/...", "/a..b", "/.well-known", "/a?x=../..", "/models/m:run", "/a//b"]
)
def test_other_paths_are_as_they_are(path: str) -> None:
    assert check_path(path) == path


@pytest.mark.parametrize(
    ("target", "kept"),
    [
        ("/files?key=1", "/files"),
        ("/files?%6bey=1&a=b", "/files?a=b"),
        ("/files?$key=1&%24key=2&access_token=3&oauth_token=4&keys=5", "/files?keys=5"),
        ("/files?a=key&b", "/files?a=key&b"),
        ("/files", "/files"),
    ],
)
def test_keys_of_the_application_s_are_taken_out_of_a_query(target: str, kept: str) -> None:
    assert without_keys(target) == kept


@pytest.mark.parametrize(("name", "path"), [("google", "/f"), ("vertex", "/f"), ("up", "/f?key=1")])
async def test_they_are_so_where_a_provider_reads_them(name: str, path: str) -> None:
    assert (await prepared(requested("GET", f"/providers/{name}/f?key=1")))[0].path == path


# ---- a model


async def test_the_model_s_provider_gets_its_own_name_of_it() -> None:
    call, body = await prepared(requested("POST", "/v1/images/generations", b'{"model":"pictures","n":1}'))
    assert body == b'{"model":"gpt-image-1","n":1}'
    assert (call.model, call.path, call.decoded) == ("pictures", "/images/generations", True)


REFUSED: dict[str, tuple[bytes, str, str | None]] = {
    "no JSON": (b"{", "invalid_request", None),
    "no model": (b"{}", "invalid_request", "model"),
    "a number": (b'{"model":1}', "invalid_request", "model"),
    "an unknown one": (b'{"model":"nobody:m"}', "model_not_found", None),
    "of a provider that has it not": (b'{"model":"google:m"}', "unsupported_capability", "model"),
    "too long": (b'{"model":"up:m","x":"%b"}' % (b"x" * LIMIT), "request_too_large", None),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_what_is_wrong_is_said(case: str) -> None:
    body, kind, param = REFUSED[case]
    failure = await refused(requested("POST", "/v1/images/generations", body))
    assert (failure.kind, failure.param) == (kind, param)


async def test_who_has_not_says_who_has() -> None:
    failure = await refused(requested("POST", "/v1/images/generations", b'{"model":"google:m"}'))
    assert failure.detail == "google has no images; up has"


# ---- a form


def form(model: bytes, before: int = 0) -> bytes:
    parts = [b'name="file"; filename="f"\r\n\r\n' + b"f" * before, b'name="model"\r\n\r\n' + model, b"name=n\r\n\r\n1"]
    return b"".join(b"--x\r\ncontent-disposition: form-data; " + part + b"\r\n" for part in parts) + b"--x--\r\n"


def sending(body: bytes, **framing: Any) -> Request:
    pieces = [body[at : at + 100] for at in range(0, len(body), 100)]
    kind = "multipart/form-data; boundary=x"
    return requested("POST", "/v1/audio/transcriptions", *pieces, coming=True, content_type=kind, **framing)


@pytest.mark.parametrize("before", [0, 500, LIMIT - 400])
async def test_a_form_has_the_model_s_name_there_and_is_otherwise_the_same(before: int) -> None:
    call, body = await prepared(sending(form(b"up:whisper-1", before)))
    assert body == form(b"whisper-1", before)
    assert isinstance(call.upload, Upload)
    assert call.upload.length == len(body)
    assert call.path == "/audio/transcriptions"


async def test_a_form_in_chunks_stays_in_chunks() -> None:
    call, body = await prepared(sending(form(b"up:whisper-1"), chunked=True))
    assert (isinstance(call.upload, Upload) and call.upload.length, body) == (None, form(b"whisper-1"))


async def test_a_model_that_comes_too_late_is_refused_with_advice() -> None:
    failure = await refused(sending(form(b"up:m", LIMIT + 200)))
    assert (failure.kind, failure.param) == ("request_too_large", "model")
    assert "put it first" in failure.detail


@pytest.mark.parametrize("body", [form(b""), b"--x--\r\n", b"no form"])
async def test_a_form_that_names_no_model_is_refused(body: bytes) -> None:
    failure = await refused(sending(body))
    assert (failure.kind, failure.param) == ("invalid_request", "model")


async def test_a_second_model_is_refused() -> None:
    twice = form(b"up:cheap").removesuffix(b"--x--\r\n") + form(b"up:dear")
    assert (await refused(sending(twice))).detail == "the form has more than one field model"
