"""A call to a provider in a cloud, signed by a key or by a token that is at hand: the request that leaves, and where to."""

from __future__ import annotations

import math
from typing import Any, cast

import orjson

from proxy.call import Call, Json, Target
from proxy.config.options import filled, filled_options
from proxy.providers import Endpoint, all_providers
from proxy.translate import DIALECTS, Rules, plan
from proxy.upstream.credentials.fresh import Fresh, Token
from proxy.upstream.credentials.signs import Bearer
from proxy.upstream.pool import Limits, Pool
from proxy.upstream.road import Road, Timeouts
from tests.upstream.clock import Clock
from tests.upstream.raw import RequestHead

KEY, TOKEN = "sk-canary-5f2d", "ya29.canary-77aa"
HI: Json = {"messages": [{"role": "user", "content": "hi"}]}
CLAUDE: Json = {"max_tokens": 9, **HI}
GEMINI: Json = {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}
ENVIRON = {
    "GOOGLE_CLOUD_PROJECT": "p",
    "AZURE_OPENAI_RESOURCE": "r",
    "AZURE_AI_RESOURCE": "r",
    "ANTHROPIC_FOUNDRY_RESOURCE": "r",
}


async def said(
    kind: str,
    dialect: str,
    wire: Json,
    operation: str = "chat",
    model: str = "m",
    key: str | None = None,
    text: str = "",
    **more: str,
) -> tuple[str, RequestHead]:
    """The address that a call in `dialect` goes to, and the request; signed by a cloud's token where there is no key.

    text: how `wire` is written, where that matters. `more` are headers.
    """
    provider = all_providers()[kind]
    options = filled_options(provider, {}, ENVIRON, "options")
    endpoint = Endpoint("up", kind, provider, filled(provider.base_url, options) or "", key, options=options)
    stream = operation.endswith(".stream")
    operation = operation.removesuffix(".stream")
    ours = DIALECTS[dialect]
    in_path = ours.model_in_path
    wire = wire if in_path else {"model": model, **wire, **({"stream": True} if stream else {})}
    speech = ours.operation(operation)
    assert speech is not None
    unified = speech.parse_request(wire) | ({"model": model, "stream": stream} if in_path else {})
    target = Target("up", model, endpoint)
    body = text.encode() or orjson.dumps(wire)
    call = Call("1", dialect, operation, body, unified, model, stream, more, cast(Any, None), target=target)
    road = Road(
        endpoint,
        Pool("up", cast(Any, None), Limits(), Clock().loop),
        Timeouts(),
        None,
        token() if key is None else None,
    )
    request = RequestHead(await road.signed(call, plan(call, endpoint, model, Rules()), math.inf))
    if road.signs is not None:
        road.signs.close()
    [host] = request.all("host")
    return f"https://{host}{request.url}", request


def token() -> Bearer:
    async def fetch() -> Token[str]:
        return Token(TOKEN, None)

    return Bearer(Fresh("up", fetch, lambda: 0.0, lambda: 0.0))
