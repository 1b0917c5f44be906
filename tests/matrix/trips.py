"""What is lost when recorded traffic is said again: by its own dialect, and by every other."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import orjson

from proxy.call import Failure, Json
from proxy.dialects import Dialect
from tests.goldens.crossing import STREAMED, render_request
from tests.goldens.differences import differences
from tests.goldens.spoken import parse, translation
from tests.matrix.meaning import OF_ITS_OWN, Meaning, gather, meaning
from tests.matrix.recorded import RECORDINGS, Recording

#: What names the road and not the request: a provider file adds it, or the path says it.
ROAD = frozenset({"model", "stream", "anthropic_version"})
#: Schemas and arguments are the application's words, whatever their spelling.
APPLICATIONS = frozenset(
    {"args", "response", "parameters", "parametersJsonSchema", "responseSchema", "responseJsonSchema"}
)
SNAKE = re.compile(r"_([a-z])")


# ---- requests


def request_changes(recording: Recording) -> set[str]:
    """Where the recorded request differs from what its own dialect makes of it by way of the hub; an error by its name."""
    wire = recording.request
    assert wire is not None
    try:
        unified = recording.dialect.parse_request(wire)
        rendering = render_request(unified, recording.dialect, recording.model)
    except Failure as failure:
        return {f"{failure.kind} {failure.param}"}
    again = orjson.loads(orjson.dumps(rendering.wire))
    same = SAME.get(recording.dialect.name, silent)
    return set(differences(silent(same(wire)), silent(same(again)))) - ROAD


def silent(wire: Any) -> Any:
    """Without what says nothing: members that are null, and of the whole request those that are empty."""
    return {name: without_null(value) for name, value in wire.items() if value not in (None, [], {})}


def without_null(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: without_null(inner) for name, inner in value.items() if inner is not None}
    return [without_null(inner) for inner in value] if isinstance(value, list) else value


def camel(value: Any) -> Any:
    """Google takes every name in snake_case too."""
    if isinstance(value, list):
        return [camel(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    spelled = {SNAKE.sub(lambda letter: letter[1].upper(), name): inner for name, inner in value.items()}
    return {name: inner if name in APPLICATIONS else camel(inner) for name, inner in spelled.items()}


SAME: Mapping[str, Callable[[Any], Any]] = {"gemini": camel, "gemini_array": camel}


# ---- answers


@cache
def unified_answer(name: str) -> Json:
    """The unified reply of a recording, be it whole or in pieces."""
    recording = RECORDINGS[name]
    if recording.is_stream:
        return gather(parse(recording.dialect, recording.body))
    return recording.dialect.parse_reply(recording.reply)


def answer_changes(recording: Recording, client: Dialect) -> set[str]:
    """The aspects of the answer that an application of the client's dialect does not get as they were; an error by its name."""
    first = meaning(unified_answer(recording.name))
    try:
        second = heard_by(recording, client)
    except Failure as failure:
        return {failure.kind}
    changed = {name for name in first.keys() | second.keys() if first.get(name) != second.get(name)}
    return changed if client is recording.dialect else changed - OF_ITS_OWN


def heard_by(recording: Recording, client: Dialect) -> Meaning:
    """What the client's dialect, as a target, would make of what the client is sent."""
    request = asked_by(recording, client)
    if recording.is_stream:
        way = translation(recording.dialect, client, {**request, **STREAMED})
        return meaning(gather(parse(client, way.feed(recording.body) + way.end())))
    rendered = client.render_reply(recording.dialect.parse_reply(recording.reply), request)
    return meaning(client.parse_reply(orjson.loads(orjson.dumps(rendered))))


def asked_by(recording: Recording, client: Dialect) -> Json:
    """What the client asked: the recorded request, if that is in its dialect."""
    if client is not recording.dialect or recording.request is None:
        return {"messages": [{"role": "user", "content": "Hello"}]}
    return client.parse_request(recording.request)
