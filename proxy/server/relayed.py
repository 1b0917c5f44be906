"""Requests that are relayed as they came, from an HTTP request to a RawCall: what is asked of which provider, and with what body.

Two doors lead here. `/providers/{name}/{path}` names provider and path; the operations without a dialect of their own name a
model, and go to its provider under the model's name there. Nothing is sent from here.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from urllib.parse import unquote

from proxy.call import Failure, Target
from proxy.receipt import safe
from proxy.relay import relayed_body
from proxy.server.body import length_of, read_body, stream_body
from proxy.server.client import OpenResponse
from proxy.server.connection import Request
from proxy.server.elsewhere import Router
from proxy.server.request import model_of, parse_json, request_id
from proxy.server.routes import RELAYED, collapse, path_in
from proxy.server.spool import Spool
from proxy.translate import OPENAI
from proxy.upstream.raw import RAW, RawCall
from proxy.upstream.raw_headers import DOOR
from proxy.upstream.upload import Upload
from proxy.wire.multipart import Field, FieldFinder, boundary_in

#: RFC 9110, sections 9.3.6 and 9.3.8: these are about the connection, which ends here.
REFUSED_METHODS = frozenset({"CONNECT", "TRACE"})
#: The field of a form that names it.
MODEL = b"model"
ADDRESS = re.compile(r"/*[a-z][a-z0-9+.-]*:/", re.IGNORECASE)
#: Google takes credentials in the query, https://docs.cloud.google.com/apis/docs/system-parameters. The application's go nowhere.
KEY_PARAMETERS = frozenset({"key", "$key", "access_token", "$access_token", "oauth_token", "$oauth_token"})
#: How often a path may be percent-encoded for somebody on the way to decode it once more.
ENCODINGS = 3


def relayed_call(request: Request, client: OpenResponse, began: float) -> RawCall | None:
    """What is asked for, not checked yet; None where no door leads here."""
    head = request.head
    path = path_in(head.path)
    operation = RAW if path.startswith(DOOR) else RELAYED.get(collapse(path)) if head.method == "POST" else None
    if operation is None:
        return None
    call = RawCall(request_id(head.headers), "openai", operation, b"", {}, "", False, head.headers, client, began)
    call.method = head.method
    call.decoded = bool(head.compression)
    return call


async def prepare(call: RawCall, client: OpenResponse, router: Router, limit: int, spool: Spool) -> None:
    """Fill in target, path and body. Failure says what is wrong with the request; `limit` is of a body that is read whole.

    `spool` is to be kept as long as the call lasts.
    """
    request = client.request
    check_coding(request)
    if call.operation == RAW:
        address(call, request, router)
        call.upload = upload_of(request, client)
        return
    boundary = boundary_in(request.head.headers.get("content-type", ""))
    if boundary is not None:
        await prepare_form(call, client, router, limit, spool, boundary)
        return
    body = await read_body(request, client, limit)
    call.json = parse_json(body)
    call.body = body
    send_to(call, model_of(call.json), router)
    assert call.target is not None
    call.upload = relayed_body(call, call.target.model, OPENAI)
    call.decoded = True


def check_coding(request: Request) -> None:
    """RFC 9112, section 6.1: a body that is coded besides its chunks would go on as another one."""
    coding = request.head.headers.get("transfer-encoding", "chunked").strip().lower()
    if coding != "chunked" or len(request.head.headers.getall("transfer-encoding", ())) > 1:
        raise Failure("invalid_request", "transfer-encoding may be nothing but chunked", status=501)


# ---- a provider and a path


def address(call: RawCall, request: Request, router: Router) -> None:
    head = request.head
    upgrades = [protocol.strip().lower() for protocol in head.headers.get("upgrade", "").split(",")]
    if "websocket" in upgrades:
        detail = "connections that turn into another protocol (realtime, websocket) are not relayed"
        raise Failure("unsupported_capability", detail, status=501)
    if head.method in REFUSED_METHODS:
        raise Failure("invalid_request", f"{head.method} is not relayed", status=405)
    # RFC 9112, section 3.2.2: a request may name its whole URL.
    path, mark, query = head.path[head.path.index(DOOR) :].partition("?")
    name, slash, rest = path[len(DOOR) :].partition("/")
    endpoint = router.provider(name)
    call.model = RAW
    call.target = Target(endpoint.name, "", endpoint)
    call.targets = (call.target,)
    if not slash:
        raise Failure("invalid_request", f"name a path of the provider's: {DOOR}{name}/...", status=404)
    call.path = check_path(f"/{rest}{mark}{query}")
    if endpoint.provider.auth == "x-goog-api-key" or endpoint.provider.cloud == "google":
        call.path = without_keys(call.path)


def check_path(target: str) -> str:
    """Failure for one that could lead out of the provider's address, or is none."""
    path = target.partition("?")[0]
    if not (target.isascii() and target.isprintable()) or set(target) & set(" #"):
        raise unroutable("must be percent-encoded", path)
    if path.startswith("//") or ADDRESS.match(path):
        raise unroutable("must be a path, not an address", path)
    decoded = path
    for _ in range(ENCODINGS):
        decoded = unquote(decoded)
        if any(part.partition(";")[0] in ("..", ".") for part in re.split(r"[/\\]", decoded)):
            raise unroutable("must not hold the segments . or ..", path)
    return target


def unroutable(words: str, path: str) -> Failure:
    return Failure("invalid_request", f"the path after the provider's name {words}: {safe(path)[:200]}")


def without_keys(target: str) -> str:
    path, _, query = target.partition("?")
    kept = [pair for pair in query.split("&") if pair and unquote(pair.partition("=")[0]) not in KEY_PARAMETERS]
    return f"{path}?{'&'.join(kept)}" if kept else path


def upload_of(request: Request, client: OpenResponse) -> bytes | Upload:
    """What has come already, if it is all; else what is coming."""
    if request.body.is_eof():
        return request.body.read_nowait()
    return Upload(stream_body(request, client), length_of(request))


# ---- a model


def send_to(call: RawCall, model: str, router: Router) -> None:
    """Failure("unsupported_capability") says who has the operation, where the model's provider has not."""
    call.model = model
    call.targets = router.resolve(model)
    call.target = call.targets[0]
    way = call.target.endpoint.provider.way("openai", call.operation, False)
    if way is None:
        having = [each.name for each in router.providers if each.provider.way("openai", call.operation, False)]
        detail = f"{call.target.name} has no {call.operation}; {', '.join(having) or 'no configured provider'} has"
        raise Failure("unsupported_capability", detail, param="model")
    call.path = way.path


async def prepare_form(
    call: RawCall, client: OpenResponse, router: Router, limit: int, spool: Spool, boundary: bytes
) -> None:
    """The form with the model's name as its provider has it. What comes before that field is kept until it has come."""
    pieces = stream_body(client.request, client)
    field = await find_model(pieces, spool, FieldFinder(boundary, MODEL), limit)
    send_to(call, model_of({"model": field.value.decode("utf-8", "replace")}), router)
    assert call.target is not None
    name = call.target.model.encode()
    length = length_of(client.request)
    renamed = None if length is None else length + len(name) - len(field.value)
    another = FieldFinder(boundary, MODEL)
    call.upload = Upload(form_with(spool, field, name, pieces, another), renamed)
    call.decoded = True


async def find_model(pieces: AsyncIterator[bytes], spool: Spool, finder: FieldFinder, limit: int) -> Field:
    try:
        async for piece in pieces:
            finder.feed(piece)
            await spool.add(piece)
            if finder.found is not None:
                return finder.found
            if finder.over:
                break
            if spool.size > limit:
                raise late(f"after more than {limit} bytes")
    except OSError as error:
        raise late(f"after {spool.size} bytes, for which there is no room ({error.strerror})") from None
    raise Failure("invalid_request", "model must be a field of the form, and name a model", param="model")


def late(words: str) -> Failure:
    return Failure("request_too_large", f"the field model of the form comes {words}: put it first", param="model")


async def form_with(
    spool: Spool, field: Field, name: bytes, rest: AsyncIterator[bytes], another: FieldFinder
) -> AsyncIterator[bytes]:
    """The form with another name in its field. Failure where `another` one is found in what follows.

    A provider may go by the last one: it never gets such a form whole.
    """
    async for piece in spool.read(0, field.start):
        yield piece
    yield name
    async for piece in after(spool, field, rest):
        another.feed(piece)
        if another.found is not None:
            raise Failure("invalid_request", "the form has more than one field model", param="model")
        yield piece


async def after(spool: Spool, field: Field, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    async for piece in spool.read(field.end, spool.size):
        yield piece
    async for piece in rest:
        yield piece
