"""What a request says of itself, before anyone knows who will answer it: its id, its JSON, its model, its timeout.

Nothing here reads from a connection. What is wrong is a Failure that says what would be right.
"""

from __future__ import annotations

from collections.abc import Mapping
from random import getrandbits

import orjson

from proxy.call import Failure, Json

LONGEST_ID = 128
LONGEST_MODEL = 256


def request_id(headers: Mapping[str, str]) -> str:
    """The caller's own id where it sent a decent one."""
    given = headers.get("x-request-id")
    if given and len(given) <= LONGEST_ID and given.isascii() and given.isprintable():
        return given
    return f"{getrandbits(128):032x}"


def parse_json(body: bytes) -> Json:
    try:
        wire = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        detail = f"the request body is not valid JSON: {error.msg} (line {error.lineno}, column {error.colno})"
        raise Failure("invalid_request", detail) from None
    if type(wire) is not dict:
        raise Failure("invalid_request", "the request body must be a JSON object")
    return wire


def model_of(wire: Json) -> str:
    model = wire.get("model")
    if type(model) is not str or not model:
        raise Failure("invalid_request", "model must be a string that names a model", param="model")
    return check_model(model)


def check_model(model: str) -> str:
    if len(model) > LONGEST_MODEL or not model.isprintable():
        raise Failure("invalid_request", f"model must be at most {LONGEST_MODEL} printable characters", param="model")
    return model


def timeout_of(wire: Json) -> float | None:
    timeout = wire.get("timeout")
    if timeout is not None and not (type(timeout) in (int, float) and 0 < timeout < float("inf")):
        raise Failure("invalid_request", "timeout must be a positive number of seconds", param="timeout")
    return timeout
