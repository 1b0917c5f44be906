"""What a provider's answer is before anyone says it anew: a stream or not, its bytes as a whole, its JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

import orjson

from proxy.call import Call, Failure, Headers, Outcome
from proxy.dialects import Dialect
from proxy.estimate import prompt_tokens
from proxy.receipt import render_receipt
from proxy.translate import DIALECTS
from proxy.upstream.connection import Connection
from proxy.upstream.secrecy import Secrets
from proxy.wire.framing import FRAMINGS

#: Who has counted: the header of an answer to a call that asks for nothing else.
BY = "x-outrider-counted-by"
BY_PROVIDER: Headers = ((BY, "provider"),)
EXACT: Headers = ((BY, "tiktoken"),)
ESTIMATED: Headers = ((BY, "estimate"), ("x-outrider-estimated", "true"))
#: A reply that has to be translated is never larger.
LARGEST = 64 << 20
CHARSETS = {"sse": "; charset=utf-8", "json_array": "; charset=utf-8"}
STREAM_HEADERS: Mapping[str, Headers] = {
    name: [("content-type", framing.content_type + CHARSETS.get(name, "")), ("cache-control", "no-cache")]
    for name, framing in FRAMINGS.items()
}


class Counter(Protocol):
    """Counts prompts exactly where it `fits`, into `call.tokens`."""

    def fits(self, call: Call) -> bool: ...
    async def count_aside(self, call: Call) -> None: ...


async def answer_count(call: Call, time: Callable[[], float], counter: Counter | None = None) -> Outcome:
    """Nobody there counts tokens: the count is `counter`'s or an estimate, and says which."""
    exact = counter is not None and counter.fits(call)
    if counter is not None and exact:
        await counter.count_aside(call)
    body = rendered_count(call)
    call.translated = ("count_tokens",)
    head = [("content-type", "application/json"), ("content-length", str(len(body)))]
    call.client.start(200, [*head, *(EXACT if exact else ESTIMATED), *render_receipt(call, time())])
    call.client.write(body)
    await call.client.finish()
    return Outcome(200, None, call.target, None, 0)


def rendered_count(call: Call) -> bytes:
    speech = DIALECTS[call.dialect].operation(call.operation)
    assert speech is not None
    counted = {"object": "token_count", "prompt_tokens": prompt_tokens(call)}
    return orjson.dumps(speech.render_reply(counted, call.json))


def is_stream(connection: Connection, theirs: Dialect) -> bool:
    content_type = dict(connection.headers).get("content-type", "")
    return content_type.startswith(FRAMINGS[theirs.framing].content_type)


async def read_whole(connection: Connection, limit: int) -> bytes:
    """The answer's body, or of a longer one what has come when the limit is passed."""
    pieces, size = [], 0
    while size <= limit and (data := await connection.read()):
        pieces.append(data)
        size += len(data)
    return b"".join(pieces)


async def read_reply(connection: Connection, limit: int) -> bytes:
    """The same for a reply of which the client has heard nothing yet: one that is cut can be asked for again."""
    try:
        return await read_whole(connection, limit)
    except Failure as failure:
        if failure.kind != "provider_stream_cut":
            raise
        raise Failure("network_error", "the provider closed the connection in the middle of its answer") from None


def load_reply(connection: Connection, body: bytes, secrets: Secrets) -> dict[str, object]:
    if not connection.complete:
        raise Failure("provider_error", f"the provider's reply is longer than {LARGEST} bytes")
    try:
        reply = orjson.loads(body)
    except orjson.JSONDecodeError:
        reply = None
    if not isinstance(reply, dict):
        words = " ".join(secrets.hide_bytes(body[:1200]).decode("utf-8", "replace").split())[:300]
        detail = f"the provider's reply is not a JSON object: {words or 'it is empty'}"
        raise Failure("provider_error", detail, provider_status=200)
    return reply
