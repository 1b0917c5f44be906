"""Calls as the gateway makes them of a request, and their keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import orjson

from proxy.caching import Keys
from proxy.call import Call, Target
from proxy.dialects.by_name import BY_NAME
from proxy.providers import Endpoint, all_providers
from proxy.translate import Rules

COMMON = Rules()
SAID = {"messages": [{"role": "user", "content": "hi"}], "temperature": 0}


def target(kind: str = "openai", name: str = "up", model: str = "m", rules: Rules | None = None, **of: Any) -> Target:
    given = {"base_url": "http://x/v1", **of}
    return Target(name, model, Endpoint(name, kind, all_providers()[kind], **given), rules)


def ask(
    *targets: Target, dialect: str = "openai", wire: Any = None, caller: Mapping[str, str] | None = None, **fields: Any
) -> Call:
    wire = {**SAID, **fields} if wire is None else wire
    speech = BY_NAME[dialect].operation("chat")
    assert speech is not None
    json = speech.parse_request(orjson.loads(orjson.dumps(wire)))
    stream = json.get("stream") is True
    call = Call("id", dialect, "chat", orjson.dumps(wire), json, "alias", stream, caller or {}, cast(Any, None))
    call.targets = targets or (target(),)
    return call


def key(call: Call, namespace: str = "", by: tuple[str, ...] = (), common: Rules = COMMON) -> str:
    found = Keys(namespace, by, common)(call)
    assert isinstance(found, str)
    return found
