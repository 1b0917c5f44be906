"""A prediction: what it says of itself, and as a unified reply.

Its output is what the model gave: a list of texts that make one, a text, or any other JSON, which is then the text. Why the model
ended is not told: a prediction that succeeded has stopped of itself. Sources: https://replicate.com/docs/reference/http
(predictions.get), https://replicate.com/docs/topics/predictions/lifecycle; token counts of official language models:
https://github.com/replicate/cog (docs, metrics).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from proxy.call import Json, Usage
from proxy.dialects.jobs import Order, State, id_of
from proxy.dialects.openai.usage import render_usage
from proxy.dialects.replicate.errors import failure_of, failure_of_end
from proxy.dialects.reported import count
from proxy.dialects.shape import answered, broken

GOING = frozenset({"starting", "processing"})
ENDED = frozenset({"succeeded", "failed", "canceled", "aborted"})
#: Seconds that creating a prediction may wait for its end: few, for until it is answered nobody knows what to cancel.
WAIT = 1
#: The least and the most that `Cancel-After` is asked for; predictions last half an hour at the most.
LEAST_SECONDS, MOST_SECONDS = 5, 1800


def read_state(job: Json) -> State:
    status = status_of(job)
    urls = job.get("urls")
    stream = urls.get("stream") if isinstance(urls, dict) else None
    return State(id_of(job), status in ENDED, status == "succeeded", stream if isinstance(stream, str) else "")


def status_of(job: Json) -> str:
    status = answered(job.get("status"), str, "a prediction's status")
    if status not in GOING | ENDED:
        raise broken(f"a prediction's status is {status[:40]!r}")
    return status


def order(body: bytes, stream: bool, seconds: float) -> Order:
    """https://replicate.com/changelog/2025-10-16-prediction-deadlines: it ends itself where nobody could end it."""
    after = ("cancel-after", f"{max(LEAST_SECONDS, min(round(seconds), MOST_SECONDS))}s")
    return Order(body, [after] if stream else [after, ("prefer", f"wait={WAIT}")])


def frame(job: bytes) -> bytes:
    """The prediction as an event of its stream: JSON text has no line feed but between tokens."""
    return b"event: prediction\ndata: %b\n\n" % job.replace(b"\r", b" ").replace(b"\n", b" ")


def check_success(job: Json) -> None:
    """Failure of a prediction that has not succeeded."""
    status = status_of(job)
    if status == "failed":
        raise failure_of(job.get("error"))
    if status != "succeeded":
        raise failure_of_end(status)


def parse_reply(job: Json) -> Json:
    check_success(job)
    message = {"role": "assistant", "content": text_of(job.get("output"))}
    usage = parse_usage(job)
    return {
        "id": job.get("id") or "",
        "object": "chat.completion",
        "created": 0,
        "model": "",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        **({"usage": render_usage(usage)} if usage is not None else {}),
    }


def text_of(output: Any) -> str:
    if output is None:
        return ""
    if isinstance(output, str):
        return output
    if isinstance(output, list) and all(isinstance(piece, str) for piece in output):
        return "".join(output)
    try:
        return orjson.dumps(output).decode()
    except orjson.JSONEncodeError:
        raise broken("a prediction's output is nested too deeply") from None


def parse_usage(job: Json) -> Usage | None:
    """Of a prediction; None for what counts no tokens."""
    metrics = job.get("metrics") if isinstance(job, dict) else None
    if not isinstance(metrics, dict) or not {"input_token_count", "output_token_count"} & metrics.keys():
        return None
    return Usage(count(metrics, "input_token_count"), output=count(metrics, "output_token_count"))


def gather_usage(payloads: Sequence[Json]) -> Usage | None:
    """The last report counts."""
    found = [usage for payload in payloads if (usage := parse_usage(payload)) is not None]
    return found[-1] if found else None
