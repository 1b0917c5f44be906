"""The caller's own bytes as a provider takes them: every one of them but those of the model's name, and of a report asked for.

Whether they may go as they are is decided in translate.py. Pure: no clock, no network.
"""

from __future__ import annotations

from functools import lru_cache

import orjson

from proxy.call import Call, Failure, Json
from proxy.dialects import Dialect
from proxy.providers import Provider
from proxy.wire.splice import replace_member, replace_whole_member


def relayed_body(call: Call, model: str, dialect: Dialect) -> bytes:
    if model == call.model or dialect.model_in_path:
        return call.body
    body = call.body
    # A letter of a key may be an escape (m, o, d, e, l: \u006d to \u006c); then the one spelled plainly is another object's.
    if body.count(b'"model"') == 1 and b"\\u006" not in body:
        for common, instead in respellings(call.model, model):
            respelled = body.replace(common, instead)
            if respelled is not body:
                return respelled
    replaced = replace_member(body, b"model", orjson.dumps(model))
    return replaced if replaced is not None else renamed(body, model)


def enveloped_body(body: bytes, dialect: Dialect) -> bytes | None:
    """The body with the dialect's envelope in place of the model; None where it has such a member of its own already."""
    name, _, _ = dialect.envelope.partition(b":")
    return None if not name or name in body else replace_whole_member(body, b"model", dialect.envelope)


def lacks_usage(call: Call, provider: Provider) -> bool:
    """Whether this is a stream of OpenAI's that would not tell its usage, to a provider that can be asked to."""
    if not call.stream or call.dialect != "openai" or not provider.stream_usage:
        return False
    return not (call.json.get("stream_options") or {}).get("include_usage")


def asking_usage(call: Call, body: bytes) -> bytes:
    """The body with `stream_options.include_usage`; every other byte stays as it is."""
    options = {**(call.json.get("stream_options") or {}), "include_usage": True}
    if "stream_options" in call.json:
        asking = replace_member(body, b"stream_options", orjson.dumps(options))
        return (
            asking if asking is not None else encode({**call.json, "stream_options": options}, "invalid_request", "it")
        )
    start = body.index(b"{") + 1
    return b'%b"stream_options":%b,%b' % (body[:start], orjson.dumps(options), body[start:])


def renamed(body: bytes, model: str) -> bytes:
    return encode({**orjson.loads(body), "model": model}, "invalid_request", "the request")


def encode(wire: Json, kind: str, what: str) -> bytes:
    """JSON text. Failure of `kind` for what is nested deeper than orjson writes, which is less deep than it reads."""
    try:
        return orjson.dumps(wire)
    except orjson.JSONEncodeError:
        raise Failure(kind, f"{what} is nested too deeply to be said anew") from None


@lru_cache(maxsize=1024)
def respellings(asked: str, sent: str) -> tuple[tuple[bytes, bytes], ...]:
    """The two ways in which SDKs spell the member, and what takes its place."""
    old, new = orjson.dumps(asked), orjson.dumps(sent)
    return tuple((b'"model":%b%b' % (gap, old), b'"model":%b%b' % (gap, new)) for gap in (b"", b" "))
