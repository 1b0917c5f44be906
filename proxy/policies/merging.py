"""Calls for embeddings as one, and the one answer as many: which of them may go together, what is then asked, who gets what.

Those may that agree in everything but their inputs: model, targets, way of the call, all other fields, and every header that is
not known to be about one request alone. A field or a header that nobody has heard of keeps calls apart, never together. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

import orjson

from proxy.call import Call, Client, Failure, Json, Target
from proxy.policies.portions import split

OPERATION = "embeddings"
#: Fields that are merged, that every call has for itself, or that the path says.
OF_EACH = frozenset({"model", "input", "stream", "timeout", "cache"})
#: Other ways to say what is embedded, and answers of several kinds at once.
UNMERGED = frozenset({"images", "inputs", "embedding_types"})
#: What is said to a provider of the same dialect just as it is said to any other.
PLAIN = frozenset({"dimensions", "encoding_format", "user", "fallbacks"})
#: Vectors of Ollama's older path are not of length 1, those of the path for many are (https://docs.ollama.com/capabilities/embeddings).
ALONE = frozenset({"ollama_legacy"})
#: Headers that are about one request, or about how it is written down.
PER_REQUEST = frozenset(
    {
        *("accept", "accept-encoding", "accept-language", "connection", "content-length", "content-type", "date"),
        *("expect", "host", "transfer-encoding", "user-agent"),
        *("b3", "baggage", "sentry-trace", "traceparent", "tracestate", "x-amzn-trace-id", "x-cloud-trace-context"),
        *("cache-control", "x-outrider-cache", "x-request-id"),
    }
)
PER_REQUEST_PREFIXES = ("x-b3-", "x-datadog-")
#: Counts in the usage of a unified answer.
COUNTS = ("prompt_tokens", "total_tokens")


class Group(NamedTuple):
    """What calls have to agree in. `fields` is JSON; `kind` says whether inputs are texts or tokens.

    as_said: OpenAI's fields go on as they are said, known or not; those of other dialects are translated.
    """

    model: str
    targets: tuple[Any, ...]
    route: Any
    as_said: bool
    kind: type
    fields: bytes
    headers: tuple[tuple[str, str], ...]


def group_of(call: Call) -> Group | None:
    """None for a call that goes alone."""
    if call.stream or call.changed or call.dialect in ALONE or not UNMERGED.isdisjoint(call.json):
        return None
    inputs = inputs_of(call.json)
    fields = fields_of(call.json)
    if not inputs or len({*map(type, inputs)}) > 1:
        return None
    as_said = call.dialect == "openai" or fields.keys() <= PLAIN
    try:
        said = orjson.dumps(fields, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError:  # nested more deeply than orjson writes
        return None
    targets = tuple(map(named, (call.target, *call.targets)))
    return Group(call.model, targets, call.route, as_said, type(inputs[0]), said, headers_of(call.caller))


def named(target: Target | None) -> tuple[Any, ...]:
    """What tells a target from others; an endpoint is one object as long as its configuration is in force."""
    return () if target is None else (target.name, target.model, id(target.endpoint), target.rules)


def inputs_of(unified: Json) -> list[Any]:
    """A text is one input, and so is a list of tokens."""
    given = unified.get("input")
    if not isinstance(given, list):
        return [] if given is None else [given]
    return [given] if given and isinstance(given[0], int) else given


def fields_of(unified: Json) -> Json:
    """All that is asked besides the inputs; what says what is so anyway is left out."""
    fields = {name: value for name, value in unified.items() if name not in OF_EACH and value is not None}
    if fields.get("encoding_format") == "float":
        del fields["encoding_format"]
    return fields


def headers_of(caller: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    lower = ((name.lower(), value) for name, value in caller.items())
    kept = [pair for pair in lower if pair[0] not in PER_REQUEST and not pair[0].startswith(PER_REQUEST_PREFIXES)]
    return tuple(sorted(kept, key=itemgetter(0)))


def merge(calls: Sequence[Call], group: Group, client: Client, now: float) -> Call:
    """One call for all of these, which are of one group. It may take as long as the last of them may."""
    first = calls[0]
    json = {"model": first.model, **orjson.loads(group.fields)}
    json["input"] = [each for call in calls for each in inputs_of(call.json)]
    caller: dict[str, str] = {}
    for name, value in group.headers:
        caller.setdefault(name, value)
    deadlines = [call.deadline for call in calls if call.deadline is not None]
    counted = [call.tokens for call in calls if call.tokens is not None]
    return Call(
        f"batch-{first.id}",
        "openai",
        OPERATION,
        orjson.dumps(json),
        json,
        first.model,
        False,
        caller,
        client,
        now,
        deadline=max(deadlines) if len(deadlines) == len(calls) else None,
        targets=first.targets,
        target=first.target,
        route=first.route,
        # What is changed is not relayed.
        changed=() if group.as_said else ("input",),
        tokens=sum(counted) if len(counted) == len(calls) else None,
        span=next((call.span for call in calls if call.span is not None), None),
    )


# ---- the answer


def parts(unified: Json, sizes: Sequence[int], weights: Sequence[int]) -> list[Json]:
    """The unified answer of each of several, in their order, who had `sizes` inputs.

    Failure("provider_error") where it does not have just one vector for each input.
    """
    vectors = in_order(unified.get("data"), sum(sizes))
    rest = {name: value for name, value in unified.items() if name not in ("data", "usage")}
    usages = split_counts(unified.get("usage"), weights)
    found, start = [], 0
    for size, usage in zip(sizes, usages, strict=True):
        own = [{**entry, "index": index} for index, entry in enumerate(vectors[start : start + size])]
        found.append({**rest, "data": own, **usage})
        start += size
    return found


def in_order(data: Any, count: int) -> list[Json]:
    """Who leaves out the indexes means the order of the inputs."""
    if not isinstance(data, list) or len(data) != count:
        said = f"{len(data)} embeddings" if isinstance(data, list) else "no embeddings"
        raise Failure("provider_error", f"the provider's reply has {said} for {count} inputs")
    indexes = [entry.get("index", place) for place, entry in enumerate(data)]
    if not all(type(index) is int for index in indexes) or sorted(indexes) != list(range(count)):
        raise Failure("provider_error", f"the provider's reply does not have each index from 0 to {count - 1} once")
    return [entry for _, entry in sorted(zip(indexes, data, strict=True), key=itemgetter(0))]


def split_counts(usage: Any, weights: Sequence[int]) -> list[Json]:
    """What can be shared out of the usage, as `usage` of each; nothing where there is nothing."""
    told = usage if isinstance(usage, dict) else {}
    counts = {name: told[name] for name in COUNTS if type(told.get(name)) is int and told[name] >= 0}
    if not counts:
        return [{} for _ in weights]
    portions = {name: split(count, weights) for name, count in counts.items()}
    return [{"usage": {name: each[place] for name, each in portions.items()}} for place in range(len(weights))]


def unsaid(failure: Failure) -> Failure:
    """The same, for somebody whom nobody has told anything."""
    copy = failure.copy()
    copy.told = copy.midway = False
    return copy
