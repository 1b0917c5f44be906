"""Every case from every client's dialect to every target's: what comes out, with equal results told once.

A result is listed under the dialect that it is said in, with `from`: the dialects that it came from. `unified` among them
is the form that the case itself is written in. Most results therefore have one entry, and a second one shows what the
way through another dialect has changed: `differs` holds the members that are unlike (null: gone), in a
`stream` a number stands for that line of the first one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

import orjson

from proxy import translate
from proxy.call import Failure, Json
from proxy.dialects import Dialect, Rendering
from proxy.dialects.ids import unpack_request
from proxy.providers import Provider
from tests.goldens.cases import Case
from tests.goldens.differences import at, differences
from tests.goldens.spoken import DIALECTS, refusal, render, shown, translation

#: Asked of every stream, so that what is said of tokens can be compared.
STREAMED: Mapping[str, Any] = {"stream": True, "stream_options": {"include_usage": True}}
#: A provider that is nothing but its dialect.
PLAIN = Provider("", "")
#: Ids that a dialect makes up for what has none; they follow from the answer's own id, which not every provider gives.
MADE_UP = re.compile(r"\b(chatcmpl-|msg_|fc_|rs_)[0-9a-f]{24}\b")
Result = dict[str, Any]
T = TypeVar("T")


def cross(case: Case) -> Json:
    """The golden of a case."""
    golden: Json = {"about": case.about, "requests": group(requests(case))}
    if case.reply is not None:
        golden |= {"replies": group(replies(case)), "streams": group(streams(case))}
    return golden


def group(results: Iterator[tuple[str, str, Result]]) -> dict[str, list[Json]]:
    """(said in, came from, result) -> per dialect the distinct results; all but the first by how they differ from it."""
    grouped: dict[str, list[tuple[list[str], Result]]] = {}
    for said_in, came_from, result in results:
        entries = grouped.setdefault(said_in, [])
        for sources, known in entries:
            if known == result:
                sources.append(came_from)
                break
        else:
            entries.append(([came_from], result))
    return {name: [told(entry, entries[0]) for entry in entries] for name, entries in grouped.items()}


def told(entry: tuple[list[str], Result], first: tuple[list[str], Result]) -> Json:
    (sources, result), (_, usual) = entry, first
    said: Json = {"from": sources, **result}
    if result is usual:
        return said
    if "wire" in result and "wire" in usual:
        del said["wire"]
        said["differs"] = {
            path: at(result["wire"], path) for path in sorted(differences(usual["wire"], result["wire"]))
        }
    if "stream" in result and "stream" in usual:
        lines = {line: number for number, line in enumerate(usual["stream"])}
        said["stream"] = [lines.get(line, line) for line in result["stream"]]
    return said


def attempt(act: Callable[..., Result], *about: Any) -> Result:
    try:
        return act(*about)
    except Failure as failure:
        return {"refused": refusal(failure)}


# ---- requests


def requests(case: Case) -> Iterator[tuple[str, str, Result]]:
    asked = {"unified": case.request, **heard_requests(case)}
    for target in DIALECTS.values():
        for client, unified in asked.items():
            if isinstance(unified, Failure):
                yield target.name, client, {"refused": refusal(unified)}
            else:
                yield target.name, client, attempt(said, unified, target, case)


def said(unified: Json, target: Dialect, case: Case) -> Result:
    rendering = render_request(unified, target, case.model(target.name))
    result: Result = {"wire": copied(rendering.wire)}
    if rendering.dropped:
        result["dropped"] = sorted(rendering.dropped)
    if rendering.translated:
        result["translated"] = sorted(rendering.translated)
    return result


def render_request(unified: Json, target: Dialect, model: str) -> Rendering:
    """As a call does it, to a provider without quirks."""
    return translate.render(unpack_request(unified), model, target, target, PLAIN)


def copied(value: T) -> T:
    """What stands in the bytes that are sent."""
    again: T = orjson.loads(orjson.dumps(value))
    return again


def client_request(case: Case, client: Dialect) -> Json | None:
    """The case as an application would ask it: by hand, or said by the dialect's other role. None if it cannot."""
    by_hand = case.native.get(client.name, {}).get("request")
    if by_hand is not None:
        return copied(dict(by_hand))
    try:
        return copied(render_request(case.request, client, case.model(client.name)).wire)
    except Failure:
        return None


def heard_requests(case: Case) -> dict[str, Json | Failure]:
    heard: dict[str, Json | Failure] = {}
    for client in DIALECTS.values():
        wire = client_request(case, client)
        if wire is not None:
            try:
                unified = client.parse_request(wire)
                # Some have to say that they want no stream, others need not: it is the same question.
                heard[client.name] = {
                    name: value for name, value in unified.items() if (name, value) != ("stream", False)
                }
            except Failure as failure:
                heard[client.name] = failure
    return heard


# ---- replies and streams


def heard_request(case: Case, client: Dialect) -> Json:
    heard = heard_requests(case).get(client.name)
    return heard if isinstance(heard, dict) else case.request


def replies(case: Case) -> Iterator[tuple[str, str, Result]]:
    for client in DIALECTS.values():
        request = heard_request(case, client)
        yield client.name, "unified", {"wire": told_plainly(client.render_reply(copied(case.unified_reply), request))}
        for target in DIALECTS.values():
            yield client.name, target.name, attempt(handed_on, case, target, client, request)


def handed_on(case: Case, target: Dialect, client: Dialect, request: Json) -> Result:
    reply = target.parse_reply(target_reply(case, target))
    return {"wire": told_plainly(client.render_reply(reply, request))}


def target_reply(case: Case, target: Dialect) -> Json:
    by_hand = case.native.get(target.name, {}).get("reply")
    return copied(by_hand) if by_hand is not None else copied(target.render_reply(case.unified_reply, case.request))


def streams(case: Case) -> Iterator[tuple[str, str, Result]]:
    for client in DIALECTS.values():
        request = {**heard_request(case, client), **STREAMED}
        yield (
            client.name,
            "unified",
            {"stream": told_plainly(shown(client, render(client, copied(case.unified_chunks), request)))},
        )
        for target in DIALECTS.values():
            yield client.name, target.name, attempt(through, case, target, client, request)


def through(case: Case, target: Dialect, client: Dialect, request: Json) -> Result:
    way = translation(target, client, request)
    return {"stream": told_plainly(shown(client, way.feed(target_stream(case, target)) + way.end()))}


def told_plainly(said: T) -> T:
    """Without the ids that were made up: they differ from source to source and say nothing."""
    told: T = orjson.loads(MADE_UP.sub(r"\1made-up", orjson.dumps(said).decode()))
    return told


def target_stream(case: Case, target: Dialect) -> bytes:
    by_hand = case.native_stream(target.name)
    if by_hand is not None:
        return by_hand
    return render(target, copied(case.unified_chunks), {**case.request, **STREAMED})
