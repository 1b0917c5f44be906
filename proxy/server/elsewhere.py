"""Requests that are no calls: which models there are, in each dialect's own words, and paths and methods that lead nowhere.

Sources: https://platform.openai.com/docs/api-reference/models, https://docs.claude.com/en/api/models-list,
https://ai.google.dev/api/models, https://docs.ollama.com/api/tags.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple, Protocol
from urllib.parse import parse_qs, unquote

import orjson

from proxy.call import Failure, Json, Target
from proxy.dialects.by_name import late
from proxy.providers import CAPABILITIES, Endpoint
from proxy.receipt import safe
from proxy.server.answers import answer
from proxy.server.client import OpenResponse
from proxy.server.connection import Request
from proxy.server.routes import CALLS, MODELS, RELAYED, collapse, find_door, path_in, spoken_at
from proxy.translate import DIALECTS

#: Of a body that asks which model something is about.
LONGEST_QUESTION = 64 * 1024
NEVER = "1970-01-01T00:00:00Z"


class Router(Protocol):
    def resolve(self, model: str) -> tuple[Target, ...]: ...
    async def ready(self) -> None: ...
    def models(self, provider: str | None = None, capability: str | None = None) -> list[dict[str, Any]]: ...
    def model(self, model: str) -> dict[str, Any]: ...
    def provider(self, name: str) -> Endpoint: ...
    @property
    def providers(self) -> Iterable[Endpoint]: ...


async def answer_elsewhere(request: Request, client: OpenResponse, router: Router) -> None:
    """Answer whatever is no call. Nothing here is ever streamed, counted or billed."""
    path = collapse(path_in(request.head.path))
    dialect = DIALECTS[spoken_at(path)]
    try:
        status, body, headers = 200, await find_answer(request, path, router), []
    except Failure as failure:
        status, body = failure.status, dialect.render_error(failure)
        headers = [*failure.headers, *dialect.error_headers(failure)]
    answer(client, status, body, headers)


async def find_answer(request: Request, path: str, router: Router) -> Json:
    method = "GET" if request.head.method == "HEAD" else request.head.method
    allowed = methods_of(request.head.path, path)
    if not allowed:
        raise Failure("invalid_request", f"there is nothing at {safe(path)[:200]}; there is {doors()}", status=404)
    if method not in allowed:
        failure = Failure("invalid_request", f"{safe(path)[:200]} takes {', '.join(allowed)}, not {method}", status=405)
        failure.headers = [("allow", ", ".join(allowed))]
        raise failure
    if path in FIXED:
        await router.ready()
        return FIXED[path](router)
    if path == SHOW:
        return dict(ollama_show(known(router, await asked_model(request))))
    prefix, shape = next((prefix, shape) for prefix, shape in SHAPES if path.startswith(prefix))
    shape = ANTHROPIC if prefix == MODELS and "anthropic-version" in request.head.headers else shape
    name = path[len(prefix) :].lstrip("/")
    return shape.one(known(router, unquote(name))) if name else shape.all(await listed(request, router))


def methods_of(target: str, path: str) -> tuple[str, ...]:
    """The methods that a path takes; none when nothing is there."""
    if find_door(target) is not None or path in RELAYED or path == SHOW:
        return ("POST",)
    listed = path in FIXED or any(path == prefix or path.startswith(prefix + "/") for prefix, _ in SHAPES)
    return ("GET",) if listed else ()


def doors() -> str:
    return ", ".join(sorted({*CALLS, *RELAYED, *FIXED, *(prefix for prefix, _ in SHAPES)}))


async def listed(request: Request, router: Router) -> list[Json]:
    """All models, or those of a `provider`, with a `capability`. Failure that names the parameter for what there is not."""
    asked = parse_qs(request.head.path.partition("?")[2])
    provider, capability = (asked[name][-1] if name in asked else None for name in ("provider", "capability"))
    if capability is not None and capability not in CAPABILITIES:
        detail = f"capability is {safe(capability)[:64]}; there is {', '.join(CAPABILITIES)}"
        raise Failure("invalid_request", detail, param="capability")
    await router.ready()
    return router.models(provider, capability)


def known(router: Router, name: str) -> Json:
    """A model by the name it is asked for. Failure("model_not_found") when no provider has it."""
    return router.model(name)


async def asked_model(request: Request) -> str:
    pieces, size = [], 0
    while size <= LONGEST_QUESTION and (piece := await request.body.readany()):
        pieces.append(piece)
        size += len(piece)
    try:
        wire = orjson.loads(b"".join(pieces))
    except orjson.JSONDecodeError:
        wire = None
    model = (wire.get("model") or wire.get("name")) if isinstance(wire, dict) else None
    if not isinstance(model, str):
        raise Failure("invalid_request", "model must be a string that names a model", param="model")
    return model


# ---- the shapes


class Shape(NamedTuple):
    """`one` model, and `all` of them. A model is {id, created, owned_by}."""

    one: Callable[[Json], Json]
    all: Callable[[list[Json]], Json]


def anthropic_model(model: Json) -> Json:
    return {"type": "model", "id": model["id"], "display_name": model["id"], "created_at": NEVER}


def anthropic_list(models: list[Json]) -> Json:
    ids = [model["id"] for model in models] or [None]
    return {"data": [*map(anthropic_model, models)], "has_more": False, "first_id": ids[0], "last_id": ids[-1]}


def gemini_model(model: Json) -> Json:
    methods = ["generateContent", "streamGenerateContent", "countTokens"]
    name = {"name": f"models/{model['id']}", "displayName": model["id"]}
    about = model.get("outrider") or {}
    limits = {theirs: about[ours] for theirs, ours in GEMINI_LIMITS.items() if about.get(ours) is not None}
    return {**name, **limits, "supportedGenerationMethods": methods, "supportedActions": methods}


GEMINI_LIMITS: Mapping[str, str] = {"inputTokenLimit": "context_window", "outputTokenLimit": "max_output"}

OPENAI = Shape(lambda model: model, lambda models: {"object": "list", "data": models})
ANTHROPIC = Shape(anthropic_model, anthropic_list)
GEMINI = Shape(gemini_model, lambda models: {"models": [*map(gemini_model, models)]})
SHAPES: tuple[tuple[str, Shape], ...] = ((MODELS, OPENAI), ("/v1beta/models", GEMINI))


SHOW = "/api/show"
ollama_show, ollama_tags, ollama_ps, ollama_version = (
    late("ollama.models", f"render_{name}") for name in ("show", "tags", "ps", "version")
)
FIXED: Mapping[str, Callable[[Router], Json]] = {
    "/api/tags": lambda router: ollama_tags(router.models()),
    "/api/ps": lambda router: ollama_ps(),
    "/api/version": lambda router: ollama_version(),
}
