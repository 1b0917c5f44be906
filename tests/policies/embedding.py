"""Calls for embeddings, a provider whose vectors say which text they are of, and words that need no dialect."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, cast

from proxy.call import Call, Client, Failure, Json, Outcome, Usage
from proxy.config.batching import Batching as Section
from proxy.policies.batching import Batching
from proxy.policies.merging import inputs_of
from tests.policies.clocked import Clock, call_to
from tests.policies.racing import Heard

ON = Section(enabled=True, window=0.02)


def embedding(*texts: Any, number: int = 0, **fields: Any) -> Call:
    """Of one text, or of a list of several; `json` in `fields` is laid over the request."""
    more: Json = fields.pop("json", {})
    asked = {"model": "alias", "input": texts[0] if len(texts) == 1 else list(texts), **more}
    usual: Json = {"id": f"id-{number}", "operation": "embeddings", "client": cast(Client, Heard())}
    return call_to(**usual | {"json": asked} | fields)


def vector(text: Any) -> list[float]:
    return [float(len(str(text))), float(hash(str(text)) % 1000)]


class Provider:
    """Answers with vectors of the inputs, or as `answers` say, one after the other. `hold` keeps it from answering."""

    def __init__(self, *answers: Any, hold: bool = False) -> None:
        self.answers = list(answers)
        self.asked: list[Call] = []
        self.cancelled = 0
        self.go = asyncio.Event()
        self.came = asyncio.Event()
        if not hold:
            self.go.set()

    @property
    def inputs(self) -> list[list[Any]]:
        return [inputs_of(call.json) for call in self.asked]

    async def __call__(self, call: Call) -> Outcome:
        self.asked.append(call)
        call.attempts += 1
        call.phase = "waiting"
        self.came.set()
        try:
            await self.go.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if self.answers and isinstance(self.answers[0], Failure):
            raise self.answers.pop(0)  # held by no name: a traceback holds this frame
        answer = self.answers.pop(0) if self.answers else None
        said = answer or reply(*inputs_of(call.json))
        call.usage, call.cost = Usage(said["usage"]["prompt_tokens"]), Decimal("0.001")
        call.client.start(200, [])
        cast(Any, call.client).write(said)
        await call.client.finish()
        return Outcome(200, call.usage, call.target, None, call.attempts, call.cost)


def reply(*texts: Any) -> Json:
    data = [{"object": "embedding", "index": index, "embedding": vector(text)} for index, text in enumerate(texts)]
    tokens = sum(len(str(text)) for text in texts)
    return {
        "object": "list",
        "data": data,
        "model": "m",
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
    }


class Plainly:
    """Words: what is written to a client is a unified answer."""

    def client(self) -> Client:
        return cast(Client, Heard())

    def hear(self, merged: Call) -> Json:
        found: Json = next(each for each in heard(merged) if isinstance(each, dict))
        return found

    async def answer(self, call: Call, unified: Json, merged: Call) -> None:
        call.client.start(200, [])
        cast(Any, call.client).write(unified)
        await call.client.finish()


def heard(call: Call) -> list[Any]:
    return cast(Heard, call.client).heard


def vectors(call: Call) -> list[Any]:
    """What the caller of this got."""
    [said] = [each for each in heard(call) if isinstance(each, dict)]
    assert [entry["index"] for entry in said["data"]] == list(range(len(said["data"])))
    return [entry["embedding"] for entry in said["data"]]


def policy(section: Section = ON, aliases: Mapping[str, bool] | None = None, clock: Any = None) -> Batching:
    return Batching(section, aliases or {}, Plainly(), tokens, clock or Clock())


def tokens(call: Call) -> int:
    return sum(len(str(each)) for each in inputs_of(call.json))


def begin(batching: Batching, provider: Provider, *calls: Call) -> list[asyncio.Future[Outcome]]:
    return [asyncio.ensure_future(batching(call, provider)) for call in calls]


async def ask(batching: Batching, provider: Provider, *calls: Call) -> list[Outcome | BaseException]:
    return await asyncio.gather(*begin(batching, provider, *calls), return_exceptions=True)
