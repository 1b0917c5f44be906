"""From a request to the script of its answer: the bytes to send, the pause before each, and how the connection ends.

Pure: the same request, digest and settings give the same script. It knows which file writes which answer, and no socket
and no clock; server.py plays what is written here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import chain, cycle

from proxy.call import Failure, Json
from proxy.upstream.mock import MockSettings, Range
from proxy.upstream.mock.answer import write_answer
from proxy.upstream.mock.models import MODELS, Behaviour, parse_model
from proxy.upstream.mock.reply import reply_script
from proxy.upstream.mock.steps import JSON, SSE, End, Script, Step, head, json_script, message
from proxy.upstream.mock.stream import stream_script
from proxy.upstream.mock.wire import ERROR_ID, Wire
from proxy.upstream.mock.words import count_prompt

MOST_TOKENS = 100_000
HTML = b"<!doctype html>\n<title>Not the API</title>\n<p>A page from something that stands between.</p>\n"


def chat_script(wire: Wire, request: Json, behaviour: Behaviour, digest: bytes, settings: MockSettings) -> Script:
    """The script for a checked chat request; `digest` is a hash of its body, and the delays and ids come from it."""
    if (behaviour.tokens or 0) * (request.get("n") or 1) > MOST_TOKENS:
        return error_script(wire, 400, f"All choices together may have at most {MOST_TOKENS} tokens.", "n")
    streamed = request.get("stream") is True
    if behaviour.kind in INSTEAD:
        return INSTEAD[behaviour.kind](wire, behaviour, SSE if streamed else JSON)
    name = digest.hex()
    first = _within(settings.first_token, digest[0]) if behaviour.seconds is None else behaviour.seconds
    pauses = chain([first], (_within(settings.inter_token, byte) for byte in cycle(digest)))
    write = stream_script if streamed else reply_script
    return write(wire, request, write_answer(request, behaviour, name), behaviour, name, pauses)


def models_script(wire: Wire) -> Script:
    """The listing: one example of every form of name."""
    return json_script(200, wire.models([each.example for each in MODELS]))


def count_script(wire: Wire, request: Json) -> Script:
    """How many tokens a checked request has. A model whose name asks for a status gets that."""
    behaviour = parse_model(request["model"])
    if behaviour.kind in INSTEAD:
        return INSTEAD[behaviour.kind](wire, behaviour, JSON)
    assert wire.counted is not None
    return json_script(200, wire.counted(count_prompt(request["messages"])))


def refusal_script(wire: Wire, refusal: Failure) -> Script:
    """A 400 in the wire's shape, from what a check raised."""
    return error_script(wire, 400, refusal.detail, refusal.param, refusal.code)


def error_script(
    wire: Wire,
    status: int,
    text: str,
    param: str | None = None,
    code: str | None = None,
    headers: Mapping[str, str] | None = None,
    end: End = "keep",
) -> Script:
    """An error in the wire's shape. Providers name the request there too."""
    named = {wire.id_header: ERROR_ID, **(headers or {})}
    return json_script(status, wire.error(status, text, param, code), named, end)


def _within(bounds: Range, byte: int) -> float:
    low, high = bounds
    return low + (high - low) * byte / 255


# Answers that no model wrote


def _status(wire: Wire, behaviour: Behaviour, content_type: str) -> Script:
    headers = {} if behaviour.retry_after is None else {"retry-after": behaviour.retry_after}
    return error_script(wire, behaviour.status, "The mock was asked for this status.", headers=headers)


def _html(wire: Wire, behaviour: Behaviour, content_type: str) -> Script:
    return Script([Step(0.0, message(200, HTML, "text/html; charset=utf-8"))])


def _empty(wire: Wire, behaviour: Behaviour, content_type: str) -> Script:
    return Script([Step(0.0, message(200, b"", content_type))])


def _cut_head(wire: Wire, behaviour: Behaviour, content_type: str) -> Script:
    whole = head(200, {"content-type": content_type, "transfer-encoding": "chunked"})
    return Script([Step(0.0, whole[: len(whole) // 2])], "close")


INSTEAD: Mapping[str, Callable[[Wire, Behaviour, str], Script]] = {
    "status": _status,
    "html": _html,
    "empty": _empty,
    "cut-head": _cut_head,
}
