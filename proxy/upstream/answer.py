"""What a provider's answer is before anyone says it anew: a stream or not, its bytes as a whole, its JSON."""

from __future__ import annotations

import orjson

from proxy.call import Call, Failure
from proxy.dialects import Dialect
from proxy.estimate import estimate_prompt
from proxy.translate import DIALECTS
from proxy.upstream.connection import Connection
from proxy.upstream.secrecy import Secrets
from proxy.wire.framing import FRAMINGS

#: A reply that has to be translated is never larger.
LARGEST = 64 << 20


def estimated_count(call: Call) -> bytes:
    """The answer to a call that asks for a count of tokens, where nobody counts."""
    speech = DIALECTS[call.dialect].operation(call.operation)
    assert speech is not None
    counted = {"object": "token_count", "prompt_tokens": estimate_prompt(call.json)}
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
