"""Claude by way of InvokeModel: Anthropic's Messages in Bedrock's envelope, as target and as client.

The body is a Messages request without `model` and `stream`, which the path says, and with `anthropic_version`. A stream
is frames named `chunk`, each with one Messages event in base64; errors are Bedrock's. What is inside is Anthropic's
dialect and stays there. Source:
https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-messages.html,
https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModelWithResponseStream.html.
"""

from __future__ import annotations

import binascii
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

import orjson

from proxy.call import Json, Usage
from proxy.dialects import Event, Rendering, SayText, Sign, StreamParser, StreamRenderer, TextLane, anthropic, bedrock
from proxy.dialects.bedrock.errors import failure_in_stream, is_failure
from proxy.dialects.checks import check_version
from proxy.dialects.shape import answered, asked, broken
from proxy.wire.events import Event as Frame
from proxy.wire.eventstream import render_event
from proxy.wire.sse import Reader

MESSAGES = anthropic.DIALECT
VERSION = "bedrock-2023-05-31"
#: Members of the body that are only Bedrock's, and members of a Messages request that it refuses.
ENVELOPE = frozenset({"anthropic_version", "anthropic_beta"})
REFUSED = ("container", "diagnostics", "inference_geo", "mcp_servers", "service_tier", "speed", "user_profile_id")
IN_PATH = ("model", "stream")
METRICS = "amazon-bedrock-invocationMetrics"


def render_request(unified: Json, model: str) -> Rendering:
    inside = {name: value for name, value in unified.items() if name not in ENVELOPE}
    wire, dropped, translated = MESSAGES.render_request(inside, model)
    refused = [name for name in REFUSED if wire.pop(name, None) is not None]
    said = {name: value for name, value in wire.items() if name not in IN_PATH}
    if unified.get("anthropic_beta") is not None:
        said["anthropic_beta"] = unified["anthropic_beta"]
    return Rendering({"anthropic_version": VERSION, **said}, [*dropped, *refused], translated)


def parse_request(wire: Json) -> Json:
    """Failure("invalid_request") for a version that is not known, or that is missing: then it is another model's body."""
    version = asked(asked(wire, dict, "body").get("anthropic_version"), str, "anthropic_version")
    check_version("anthropic_version", version, (VERSION,))
    inside = {name: value for name, value in wire.items() if name not in ENVELOPE}
    unified = MESSAGES.parse_request(inside)
    beta = wire.get("anthropic_beta")
    return unified if beta is None else {**unified, "anthropic_beta": asked(beta, list, "anthropic_beta")}


def unwrap(payload: Json) -> bytes:
    """The Messages event inside the payload of a chunk."""
    try:
        return binascii.a2b_base64(answered(payload.get("bytes"), str, "bytes"))
    except ValueError:
        raise broken("a chunk is not base64") from None


def inner_event(event: Event) -> Frame | None:
    """The Messages event of a frame; None for a frame that is no chunk. Failure for an exception frame."""
    if is_failure(event.name):
        raise failure_in_stream(event.name, event.data)
    if event.name != "chunk":
        return None
    try:
        payload = orjson.loads(event.data)
    except orjson.JSONDecodeError:
        raise broken("an event is not JSON") from None
    return Frame("", unwrap(cast(Json, answered(payload, dict, "an event"))))


def read_event(event: Event) -> Sign:
    inside = inner_event(event)
    return "wait" if inside is None else MESSAGES.read_event(inside)


def parse_usage(wire: Json) -> Usage | None:
    return MESSAGES.parse_usage(inside_of(wire))


def gather_usage(payloads: Sequence[Json]) -> Usage | None:
    return MESSAGES.gather_usage([inside_of(payload) for payload in payloads])


def inside_of(payload: Any) -> Json:
    """What a payload says of Anthropic's; a whole reply says it as it is, and what cannot be read says nothing."""
    if not isinstance(payload, dict) or not isinstance(payload.get("bytes"), str):
        return cast(Json, payload)
    try:
        inside = orjson.loads(binascii.a2b_base64(payload["bytes"]))
    except ValueError:
        return {}
    return inside if isinstance(inside, dict) else {}


class Parser:
    """Frames in, unified chunks out."""

    __slots__ = ("_inside",)

    text_lane: TextLane | None = None

    def __init__(self) -> None:
        self._inside: StreamParser = MESSAGES.parser()

    @property
    def usage(self) -> Usage | None:
        return self._inside.usage

    @usage.setter
    def usage(self, value: Usage | None) -> None:
        self._inside.usage = value

    def feed(self, event: Event) -> list[Json]:
        inside = inner_event(event)
        return [] if inside is None else self._inside.feed(inside)

    def end(self) -> list[Json]:
        return self._inside.end()


class Renderer:
    """Unified chunks in, frames out. The last holds Bedrock's counts besides."""

    __slots__ = ("_inside", "_reader", "_usage")

    def __init__(self, request: Json, created: int = 0) -> None:
        self._inside: StreamRenderer = MESSAGES.renderer(request, created)
        self._reader = Reader()
        self._usage = Usage()

    def feed(self, chunk: Json) -> bytes:
        return self._wrap(self._inside.feed(chunk))

    def text_lane(self, chunk: Json) -> SayText | None:
        """None: the text stands in base64."""
        return None

    def end(self) -> bytes:
        return self._wrap(self._inside.end())

    def _wrap(self, events: bytes) -> bytes:
        return b"".join(self._frame(event) for event in self._reader.feed(events)) if events else b""

    def _frame(self, event: Frame) -> bytes:
        data = event.data
        if event.name in ("message_start", "message_delta"):
            reported = MESSAGES.parse_usage(orjson.loads(data))
            self._usage.merge(reported or Usage())
        elif event.name == "message_stop":
            counts = {"inputTokenCount": self._usage.prompt, "outputTokenCount": self._usage.completion}
            data = orjson.dumps({**orjson.loads(data), METRICS: counts})
        return render_event("chunk", b'{"bytes":"%b"}' % b64encode(data))


DIALECT = replace(
    MESSAGES,
    name="bedrock_invoke",
    framing="eventstream",
    render_request=render_request,
    parse_usage=parse_usage,
    gather_usage=gather_usage,
    parse_error=bedrock.DIALECT.parse_error,
    read_event=read_event,
    parser=Parser,
    parse_request=parse_request,
    renderer=Renderer,
    render_error=bedrock.DIALECT.render_error,
    render_error_event=bedrock.DIALECT.render_error_event,
    error_headers=bedrock.DIALECT.error_headers,
    own=MESSAGES.own | ENVELOPE,
    support={row: said for row, said in MESSAGES.support.items() if row != "service_tier"},
    usage_mark=b'"bytes"',
    text_in=lambda payload: MESSAGES.text_in(inside_of(payload)),
    needs_bytes=frozenset({"image", "file"}),
    model_in_path=True,
    embeddings=None,
    count_tokens=None,
    completions=None,
)
