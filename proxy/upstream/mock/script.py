"""From a request to the script of its answer: the bytes to send, the pause before each, and how the connection ends.

Pure: the same request, digest and settings give the same script. It knows which file writes which answer, and no socket
and no clock; server.py plays what is written here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import chain, cycle

from proxy.call import Failure, Json
from proxy.upstream.mock.answer import write_answer
from proxy.upstream.mock.models import MODELS, Behaviour
from proxy.upstream.mock.reply import CREATED, reply_script
from proxy.upstream.mock.steps import JSON, SSE, Script, Step, error_body, head, json_script, message
from proxy.upstream.mock.stream import stream_script

Range = tuple[float, float]
HTML = b"<!doctype html>\n<title>Not the API</title>\n<p>A page from something that stands between.</p>\n"


@dataclass(frozen=True, slots=True)
class MockSettings:
    """Delays in seconds, as (lowest, highest): before the first token, and between one token and the next."""

    first_token: Range = (0.1, 0.2)
    inter_token: Range = (0.02, 0.02)


def chat_script(request: Json, behaviour: Behaviour, digest: bytes, settings: MockSettings) -> Script:
    """The script for a checked chat request; `digest` is a hash of its body, and the delays and ids come from it."""
    streamed = request.get("stream") is True
    if behaviour.kind in INSTEAD:
        return INSTEAD[behaviour.kind](behaviour, SSE if streamed else JSON)
    name = digest.hex()
    first = _within(settings.first_token, digest[0]) if behaviour.seconds is None else behaviour.seconds
    pauses = chain([first], (_within(settings.inter_token, byte) for byte in cycle(digest)))
    write = stream_script if streamed else reply_script
    return write(request, write_answer(request, behaviour, name), behaviour, name, pauses)


def models_script() -> Script:
    """`GET /v1/models`: one example of every form of name."""
    data = [{"id": each.example, "object": "model", "created": CREATED, "owned_by": "outrider"} for each in MODELS]
    return json_script(200, {"object": "list", "data": data})


def refusal_script(refusal: Failure) -> Script:
    """A 400 in OpenAI's shape, from what checks.py raised."""
    return json_script(400, error_body(400, refusal.detail, refusal.param, refusal.code))


def _within(bounds: Range, byte: int) -> float:
    low, high = bounds
    return low + (high - low) * byte / 255


# Answers that no model wrote


def _status(behaviour: Behaviour, content_type: str) -> Script:
    headers = {} if behaviour.retry_after is None else {"retry-after": behaviour.retry_after}
    return json_script(behaviour.status, error_body(behaviour.status, "The mock was asked for this status."), headers)


def _html(behaviour: Behaviour, content_type: str) -> Script:
    return Script([Step(0.0, message(200, HTML, "text/html; charset=utf-8"))])


def _empty(behaviour: Behaviour, content_type: str) -> Script:
    return Script([Step(0.0, message(200, b"", content_type))])


def _cut_head(behaviour: Behaviour, content_type: str) -> Script:
    whole = head(200, {"content-type": content_type, "transfer-encoding": "chunked"})
    return Script([Step(0.0, whole[: len(whole) // 2])], "close")


INSTEAD: Mapping[str, Callable[[Behaviour, str], Script]] = {
    "status": _status,
    "html": _html,
    "empty": _empty,
    "cut-head": _cut_head,
}
