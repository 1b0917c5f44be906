"""What the two sides may get wrong: the caller's request, named by its path, and the provider's answer.

This file knows how to complain and refuses to know what is being looked at.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

import orjson

from proxy.call import Failure, Json

T = TypeVar("T")

CALLED: Mapping[type, str] = {
    dict: "an object",
    list: "an array",
    str: "a string",
    int: "an integer",
    float: "a number",
    bool: "a boolean",
}


def asked(value: Any, kind: type[T], path: str) -> T:
    """`value`, seen to be of its kind; else Failure("invalid_request") that names `path` in the caller's request."""
    if isinstance(value, kind) and (kind is bool or type(value) is not bool):
        return value
    raise wrong(path, f"must be {CALLED[kind]}")


def wrong(path: str, complaint: str) -> Failure:
    return Failure("invalid_request", f"{path} {complaint}", param=path)


def unsayable(path: str, complaint: str) -> Failure:
    return Failure("unsupported_capability", f"{path} {complaint}", param=path)


def answered(value: Any, kind: type[T], name: str) -> T:
    """`value`, seen to be of its kind; else Failure("provider_error"): the provider broke its protocol."""
    if isinstance(value, kind):
        return value
    raise broken(f"{name} is not {CALLED[kind]}")


def broken(complaint: str) -> Failure:
    return Failure("provider_error", f"the provider broke its protocol: {complaint}")


def some(mapping: Json, name: str) -> list[Any]:
    """The named list of an answer; [] when it is not there."""
    value = mapping.get(name)
    return [] if value is None else answered(value, list, name)


def load_object(data: bytes) -> Json:
    """One payload of a stream: an object with a `type`."""
    try:
        payload = orjson.loads(data)
    except orjson.JSONDecodeError:
        raise broken("an event is not JSON") from None
    kind_of(payload)
    return cast(Json, payload)


def kind_of(payload: object) -> str:
    kind = payload.get("type") if isinstance(payload, dict) else None
    if not isinstance(kind, str):
        raise broken("an event has no type")
    return kind


def chosen(mapping: Mapping[str, Any], names: tuple[str, ...]) -> Json:
    """The named members that are there and not null."""
    found = {}
    for name in names:
        value = mapping.get(name)
        if value is not None:
            found[name] = value
    return found
