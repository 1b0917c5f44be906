"""Claude on Google's Vertex AI: Anthropic's Messages, with the model in the path and the version in the body.

A reply and a stream are Anthropic's own, and an application of Anthropic's gets them as they come. An error is Anthropic's
where Claude has seen the request, and Google's where the road ended before: no permission, no quota, no such model in this place.
Images and files go by value: "URL sources are not supported"
(https://github.com/anthropics/anthropic-sdk-typescript/issues/1038). Sources:
https://cloud.google.com/vertex-ai/generative-ai/docs/partner-models/claude/use-claude,
https://platform.claude.com/docs/en/build-with-claude/claude-on-vertex-ai.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import orjson

from proxy.call import Failure, Json
from proxy.dialects import Rendering, anthropic, gemini
from proxy.dialects.checks import check_version
from proxy.dialects.shape import asked

MESSAGES = anthropic.DIALECT
VERSION = "vertex-2023-10-16"
ENVELOPE = "anthropic_version"


def render_request(unified: Json, model: str) -> Rendering:
    inside = {name: value for name, value in unified.items() if name != ENVELOPE}
    wire, dropped, translated = MESSAGES.render_request(inside, model)
    said = {name: value for name, value in wire.items() if name != "model"}
    return Rendering({ENVELOPE: VERSION, **said}, dropped, translated)


def parse_request(wire: Json) -> Json:
    """Failure("invalid_request") for a version that is missing or not known."""
    check_version(ENVELOPE, asked(asked(wire, dict, "body").get(ENVELOPE), str, ENVELOPE), (VERSION,))
    return MESSAGES.parse_request({name: value for name, value in wire.items() if name != ENVELOPE})


def parse_error(status: int, headers: Mapping[str, str], body: bytes) -> Failure:
    parse = MESSAGES.parse_error if is_anthropics(body) else gemini.DIALECT.parse_error
    return parse(status, headers, body)


def is_anthropics(body: bytes) -> bool:
    try:
        wire = orjson.loads(body)
    except orjson.JSONDecodeError:
        return False
    return isinstance(wire, dict) and wire.get("type") == "error"


DIALECT = replace(
    MESSAGES,
    name="vertex_claude",
    render_request=render_request,
    parse_error=parse_error,
    answers_in=MESSAGES.name,
    envelope=b'"%b":"%b"' % (ENVELOPE.encode(), VERSION.encode()),
    parse_request=parse_request,
    own=MESSAGES.own | {ENVELOPE},
    needs_bytes=frozenset({"image", "file"}),
    model_in_path=True,
    versions=None,
    count_tokens=None,
)
