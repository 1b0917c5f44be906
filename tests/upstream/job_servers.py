"""Providers whose answers are jobs, as far as their pages tell how they behave; what happens when is each test's to say.

Replicate: https://replicate.com/docs/reference/http. RunPod: https://docs.runpod.io/serverless/endpoints/operation-reference.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self
from unittest.mock import patch

from proxy.call import Json
from tests.promises.caller import until
from tests.promises.sidecars import KEY
from tests.promises.upstream import Asked, Link
from tests.promises.upstream import Provider as Upstream

ID = "ufawqhfynnddngldkgtslldrkq"
TEXT = ["Once", " upon", " a\ntime"]
#: One attempt, so that what is seen is what one attempt does.
ONCE: Json = {"retry": {"attempts": 1}}
COUNTS: Json = {"input_token_count": 11, "output_token_count": 3, "predict_time": 0.2, "total_time": 0.3}


def event(name: str, data: str, number: int = 0) -> bytes:
    """One of Replicate's, each line of its data in a field of its own, as the standard has it."""
    lines = "".join(f"data: {line}\n" for line in data.split("\n"))
    return f"event: {name}\nid: 1690212292:{number}\n{lines}\n".encode()


def outputs(texts: list[str]) -> bytes:
    return b"".join(event("output", text, number) for number, text in enumerate(texts))


DONE = event("done", "{}")


class Jobs:
    """What both have in common. `asked` are the requests, `states` what looks at the job find, the last one for good.

    cancelled: ids that were ended. refusal: answers a request in place of the usual and says whether it did.
    """

    def __init__(self) -> None:
        self.upstream = Upstream(self.answer)
        self.asked: list[Asked] = []
        self.states: list[Json] = []
        self.cancelled: list[str] = []
        self.made: list[Json] = []
        self.refusal: Callable[[Asked], bool] = lambda asked: False
        # Between two looks less time passes than in earnest.
        self._hurry = patch("proxy.upstream.job.FIRST", 0.02)

    async def __aenter__(self) -> Self:
        self._hurry.start()
        await self.upstream.__aenter__()
        return self

    async def __aexit__(self, *error: Any) -> None:
        await self.upstream.__aexit__(*error)
        self._hurry.stop()

    def paths(self, method: str) -> list[str]:
        return [asked.line.split()[1] for asked in self.asked if asked.line.startswith(method)]

    async def has_made(self, number: int = 1) -> None:
        await until(lambda: len(self.made) == number)

    async def has_cancelled(self, number: int = 1) -> None:
        await until(lambda: len(self.cancelled) == number)

    def next_state(self) -> Json:
        return self.states.pop(0) if len(self.states) > 1 else self.states[0]

    def answer(self, asked: Asked) -> None:
        self.asked.append(asked)
        method, target, _ = asked.line.split()
        if not self.refusal(asked):
            self.route(asked, method, target.partition("?")[0])

    def route(self, asked: Asked, method: str, path: str) -> None:
        raise NotImplementedError


class Replicate(Jobs):
    """`play` is told of each listener and how many came before; `first` is what creating answers besides the usual."""

    def __init__(self) -> None:
        super().__init__()
        self.first: Json = {}
        self.streams = True
        self.listeners: list[Link] = []
        self.play: Callable[[Link, int], None] = lambda link, number: link.chunk(outputs(TEXT) + DONE)
        self.states = [prediction(output=TEXT, metrics=COUNTS)]

    @property
    def entry(self) -> Json:
        return {"kind": "replicate", "base_url": f"{self.upstream.url}/v1", "api_key": KEY, **ONCE}

    def route(self, asked: Asked, method: str, path: str) -> None:
        if (method, path) == ("POST", "/v1/predictions"):
            self.made.append(asked.json)
            asked.link.whole(self.dressed(prediction("starting") | self.first), 201)
        elif (method, path) == ("GET", f"/v1/predictions/{ID}"):
            asked.link.whole(self.dressed(self.next_state()))
        elif (method, path) == ("POST", f"/v1/predictions/{ID}/cancel"):
            self.cancelled.append(ID)
            asked.link.whole(self.dressed(prediction("canceled")))
        elif (method, path) == ("GET", "/v1/files/bcwr-stream"):
            asked.link.start()
            self.listeners.append(asked.link)
            self.play(asked.link, len(self.listeners) - 1)
        else:
            asked.link.whole({"detail": "The requested resource could not be found.", "status": 404}, 404)

    def dressed(self, job: Json) -> Json:
        base = f"{self.upstream.url}/v1"
        urls = {"get": f"{base}/predictions/{ID}", "cancel": f"{base}/predictions/{ID}/cancel"}
        return {"urls": urls | ({"stream": f"{base}/files/bcwr-stream"} if self.streams else {}), **job}


def prediction(status: str = "succeeded", **more: Any) -> Json:
    common = {"id": ID, "model": "meta/meta-llama-3-8b-instruct", "version": "hidden", "input": {}, "logs": ""}
    return {**common, "output": None, "error": None, "status": status, "data_removed": False, **more}


class RunPod(Jobs):
    """`batches` are the answers to those who fetch the output, the last one for good."""

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[Json] = [{"status": "COMPLETED", "stream": []}]
        self.sync: Json = {"id": f"sync-{ID}-u1", "status": "IN_QUEUE"}

    @property
    def entry(self) -> Json:
        base = f"{self.upstream.url}/v2/ep1"
        return {"kind": "runpod_queue", "base_url": base, "api_key": KEY, "options": {"endpoint_id": "ep1"}, **ONCE}

    def route(self, asked: Asked, method: str, path: str) -> None:
        verb = path.removeprefix("/v2/ep1/").partition("/")[0]
        if (method, verb) in (("POST", "run"), ("POST", "runsync")):
            self.made.append(asked.json)
            asked.link.whole(self.sync)
        elif (method, verb) == ("GET", "status"):
            asked.link.whole({"id": self.sync["id"], **self.next_state()})
        elif (method, verb) == ("GET", "stream"):
            asked.link.whole(self.batches.pop(0) if len(self.batches) > 1 else self.batches[0])
        elif (method, verb) == ("POST", "cancel"):
            self.cancelled.append(path.rpartition("/")[2])
            asked.link.whole({"id": self.sync["id"], "status": "CANCELLED"})
        else:
            asked.link.whole(b"404 page not found", 404, {"content-type": "text/plain"})


def completion(text: str = "Once upon a time", **more: Any) -> Json:
    """What vLLM gives."""
    usage = {"prompt_tokens": 11, "completion_tokens": 3, "total_tokens": 14}
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [choice],
        "usage": usage,
    } | more


def refuse(matches: str, *answers: tuple[int, Json]) -> Callable[[Asked], bool]:
    """Answers the next requests whose line holds `matches` with these, one each."""
    left = [*answers]

    def refusal(asked: Asked) -> bool:
        if not left or matches not in asked.line:
            return False
        status, body = left.pop(0)
        asked.link.whole(body, status)
        return True

    return refusal
