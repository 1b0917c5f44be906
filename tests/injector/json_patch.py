"""JSON patches applied, as RFC 6902 says and as an API server does: an operation that does not fit is an error. Knows no pods."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from typing import Any


def applied(document: Any, operations: Sequence[dict[str, Any]]) -> Any:
    result = deepcopy(document)
    for operation in operations:
        assert operation.keys() == ({"op", "path"} if operation["op"] == "remove" else {"op", "path", "value"})
        *parents, last = [unescaped(step) for step in operation["path"].split("/")[1:]]
        target = result
        for step in parents:
            target = target[step]
        assert isinstance(target, dict)
        assert operation["op"] == "add" or last in target, f"{operation['path']} is not there"
        if operation["op"] == "remove":
            del target[last]
        else:
            target[last] = deepcopy(operation["value"])
    return result


def unescaped(step: str) -> str:
    return step.replace("~1", "/").replace("~0", "~")
