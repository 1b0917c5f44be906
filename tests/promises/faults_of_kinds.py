"""For each kind of failure one way to bring it about, at a sidecar that is set up for all of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

import pytest

from proxy.server import gateway
from proxy.upstream import exchange
from tests.promises.caller import CHAT, Answer, chat
from tests.promises.sidecars import InLoop, anthropic_like, openai_like
from tests.promises.upstream import Asked, Provider
from tests.promises.wires import OPENAI_OPENING, openai_reply, openai_word
from tests.upstream.redis import free_port

#: A model of the provider -> the status of its answers.
STATUSES = {"refused": 401, "limited": 429, "broken": 500, "overloaded": 503}
BODY_LIMIT = 10_000


class Stage(NamedTuple):
    running: InLoop
    provider: Provider
    monkeypatch: pytest.MonkeyPatch


def answer(asked: Asked) -> None:
    """As the model's name says; one called `silent` is never answered."""
    model = asked.json["model"]
    if model in STATUSES:
        asked.link.whole({"error": {"message": "no"}}, STATUSES[model])
    elif model == "cut":
        asked.link.start()
        asked.link.chunk(OPENAI_OPENING + openai_word("hi"))
        asked.link.cut()
    elif model != "silent":
        usage = {"prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150}
        asked.link.whole(openai_reply(usage=usage))


def providers(url: str) -> dict[str, Any]:
    return {
        "up": openai_like(url),
        "claude": anthropic_like(url),
        "nowhere": openai_like(f"http://127.0.0.1:{free_port()}"),
    }


def alias(name: str, *models: str) -> dict[str, Any]:
    return {"model": name, "targets": [{"provider": "up", "model": model} for model in models or ("m",)]}


SECTIONS: dict[str, Any] = {
    "models": [alias("few"), alias("spent"), alias("unwell", "broken", "overloaded")],
    "limits": [{"name": "few", "model": "few", "requests": 1, "per": "day"}],
    "budgets": [{"name": "spent", "model": "spent", "tokens": 1, "per": "day"}],
    "breaker": {"failures": 1, "reset": 600},
    "unsupported": "reject",
}


def sections_for(kind: str) -> dict[str, Any]:
    """Callers are asked who they are for the one kind alone; nobody has a token."""
    listen = {"body_limit": BODY_LIMIT} | ({"tokens": "nowhere"} if kind == "unauthenticated" else {})
    return SECTIONS | {"listen": listen}


# ---- how each comes about; what the application gets


def ask(model: str = "up:m", times: int = 1, **fields: Any) -> Callable[[Stage], Awaitable[Answer | None]]:
    """The last of so many calls."""

    async def asked(stage: Stage) -> Answer | None:
        for _ in range(times - 1):
            await stage.running.ask(chat(model, **fields))
        return await stage.running.ask(chat(model, **fields))

    return asked


async def only_kept(stage: Stage) -> Answer | None:
    return await stage.running.ask(chat(), {"x-outrider-cache": "only"})


async def draining(stage: Stage) -> Answer | None:
    caller = await stage.running.caller()
    stage.running.sidecar.start_drain()
    return await caller.ask(chat())


async def hang_up(stage: Stage) -> Answer | None:
    caller = await stage.running.caller()
    stage.provider.answer = None
    caller.post(chat("up:silent", stream=True), path=CHAT)
    await stage.provider.asked()
    caller.hang_up()
    await stage.running.is_idle()
    return None


async def fault_of_ours(stage: Stage) -> Answer | None:
    """The log says where it is; here a line without a traceback is enough."""

    def broken(*arguments: object) -> None:
        raise ZeroDivisionError

    stage.monkeypatch.setattr(gateway.log, "exception", gateway.log.error)
    stage.monkeypatch.setattr(exchange, "plan", broken)
    return await stage.running.ask(chat())


FAULTS: Mapping[str, Callable[[Stage], Awaitable[Answer | None]]] = {
    "invalid_request": ask(temperature="warm"),
    "unsupported_capability": ask("claude:m", logit_bias={"1": 5}),
    "model_not_found": ask("nobody:m"),
    "request_too_large": ask(text="x" * BODY_LIMIT),
    "unauthenticated": ask(),
    "rate_limited": ask("few", times=2),
    "budget_exceeded": ask("spent", times=2),
    "blocked": only_kept,
    "authentication_failed": ask("up:refused"),
    "provider_rate_limited": ask("up:limited"),
    "provider_error": ask("up:broken"),
    "provider_overloaded": ask("up:overloaded"),
    "provider_stream_cut": ask("up:cut", stream=True),
    "timeout": ask("up:silent", timeout=0.1),
    "network_error": ask("nowhere:m"),
    "circuit_open": ask("up:broken", times=2),
    "no_healthy_target": ask("unwell", times=3),
    "draining": draining,
    "client_gone": hang_up,
    "internal_error": fault_of_ours,
}
