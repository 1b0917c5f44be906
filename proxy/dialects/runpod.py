"""RunPod's queue in front of vLLM: an OpenAI chat inside a job's `input`, and what the worker said inside its `output`.

The worker is asked by `openai_route` and `openai_input`, which leaves nothing of a chat unsaid; its native input knows neither
tools nor schemas. It answers with what it yielded: one completion, or of a stream pieces of server-sent events, as text or
already read. A stream is fetched piece by piece: each answer tells what has come since the last one, and the job's state. A job
that failed says why in `error`, which may be JSON of the worker's own library. Sources:
https://docs.runpod.io/serverless/endpoints/operation-reference, https://docs.runpod.io/serverless/endpoints/job-states,
https://github.com/runpod-workers/worker-vllm (src/engine.py), https://github.com/runpod/runpod-python (serverless).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import orjson

from proxy.call import Failure, Json, Usage
from proxy.dialects import Event, Rendering, Sign, StreamParser, TextLane, openai
from proxy.dialects.at_once import chunks_of
from proxy.dialects.jobs import Order, State, id_of, load_job
from proxy.dialects.openai.errors import failure_of, find_words
from proxy.dialects.shape import answered, broken, some
from proxy.wire.events import Event as Frame
from proxy.wire.sse import Reader

CHAT = openai.DIALECT
ROUTE = "/v1/chat/completions"
#: `RUNNING` stands in the documentation alone.
GOING = frozenset({"IN_QUEUE", "IN_PROGRESS", "RUNNING"})
ENDED = frozenset({"COMPLETED", "FAILED", "CANCELLED", "TIMED_OUT"})
KIND_OF_END = {"TIMED_OUT": "timeout"}
#: Milliseconds: the least and the most that RunPod takes for how long a job may run, and may exist.
LEAST_RUN, LEAST_LIFE, MOST_LIFE = 5_001, 10_000, 7 * 24 * 3_600_000


def render_request(unified: Json, model: str) -> Rendering:
    """vLLM takes `top_k`, and tells what a stream took when asked to."""
    wire, dropped, translated = CHAT.render_request(unified, model)
    if unified.get("top_k") is not None:
        wire["top_k"] = unified["top_k"]
        dropped = [name for name in dropped if name != "top_k"]
    wire.pop("stream_options", None)
    if wire.get("stream"):
        wire["stream_options"] = {"include_usage": True}
    return Rendering({"input": {"openai_route": ROUTE, "openai_input": wire}}, dropped, translated)


def order(body: bytes, stream: bool, seconds: float) -> Order:
    """A job that waits or runs beyond the call's own time ends itself: https://docs.runpod.io/serverless/endpoints/send-requests."""
    left = round(seconds * 1000)
    policy = {"executionTimeout": max(left, LEAST_RUN), "ttl": min(max(left, LEAST_LIFE), MOST_LIFE)}
    return Order(b'{"policy":%b,%b' % (orjson.dumps(policy), body[1:]), ())


def read_state(job: Json) -> State:
    status = status_of(job)
    return State(str(job.get("id") or "") and id_of(job), status in ENDED, status == "COMPLETED")


def status_of(job: Json) -> str:
    status = answered(job.get("status"), str, "a job's status")
    if status not in GOING | ENDED:
        raise broken(f"a job's status is {status[:40]!r}")
    return status


def frame(job: bytes) -> bytes:
    """One line: JSON text has no line feed but between tokens."""
    return job.replace(b"\r", b" ").replace(b"\n", b" ") + b"\n"


# ---- what came out


def check_success(job: Json) -> None:
    """Failure of a job that is not complete, in the worker's words."""
    status = status_of(job)
    if status != "COMPLETED":
        words = words_in(job.get("error")) or f"the job ended as {status}"
        raise Failure(KIND_OF_END.get(status, "provider_error"), words, code=status, provider_status=200)


def words_in(error: Any) -> str:
    """An error of a worker's is a text, which may be JSON with `error_message`: the rest of it is a traceback."""
    try:
        said = orjson.loads(error) if isinstance(error, str) else error
    except orjson.JSONDecodeError:
        said = error
    if isinstance(said, dict):
        said = said.get("error_message") or said.get("message") or said.get("error")
    return said[:4096] if isinstance(said, str) else ""


def completion_in(job: Json) -> Json:
    """The one completion of a job that is complete. Failure for an error in its place."""
    check_success(job)
    output = job.get("output")
    found = output[0] if isinstance(output, list) and len(output) == 1 else output
    reply = answered(found, dict, "a job's output")
    if "choices" not in reply and (reply.get("message") or reply.get("error")):
        raise failure_of(find_words(reply), 200)
    return reply


def parse_reply(job: Json) -> Json:
    return CHAT.parse_reply(completion_in(job))


def parse_usage(job: Json) -> Usage | None:
    output = job.get("output") if isinstance(job, dict) else None
    found = output[0] if isinstance(output, list) and output else output
    return CHAT.parse_usage(found) if isinstance(found, dict) else None


def gather_usage(payloads: Sequence[Json]) -> Usage | None:
    found = [usage for payload in payloads if (usage := parse_usage(payload)) is not None]
    return found[-1] if found else None


# ---- a stream


def events_in(output: Any, reader: Reader) -> Iterator[Event]:
    """OpenAI's events of one piece: their text, or one chunk, or a list of either."""
    for piece in output if isinstance(output, list) else [output]:
        if isinstance(piece, str):
            yield from reader.feed(piece.encode())
        else:
            yield Frame("", orjson.dumps(answered(piece, dict, "a piece of output")))


def pieces_of(job: Json) -> list[Any]:
    """The outputs that an answer brings; [] for one that tells of the job as a whole."""
    pieces = [answered(piece, dict, "a piece").get("output") for piece in some(job, "stream")]
    return [piece for piece in pieces if piece is not None]


def read_event(event: Event) -> Sign:
    job = load_job(event.data)
    reader = Reader()
    signs = {CHAT.read_event(inner) for piece in pieces_of(job) for inner in events_in(piece, reader)}
    return "end" if "end" in signs or status_of(job) == "COMPLETED" else "spoken" if "spoken" in signs else "wait"


def is_whole(job: Json) -> bool:
    """Whether it tells of the job as a whole: all that came out, or why nothing did."""
    status = status_of(job)
    return "stream" not in job and status in ENDED and (status != "COMPLETED" or "output" in job)


class Parser:
    """Answers about a job in, unified chunks out. It has ended when it is complete and nothing more comes."""

    __slots__ = ("_inside", "_reader", "ended", "spoken")

    text_lane: TextLane | None = None

    def __init__(self) -> None:
        self._inside: StreamParser = CHAT.parser()
        self._reader = Reader()
        self.spoken = False
        self.ended = False

    @property
    def usage(self) -> Usage | None:
        return self._inside.usage

    @usage.setter
    def usage(self, value: Usage | None) -> None:
        self._inside.usage = value

    def feed(self, event: Event) -> list[Json]:
        job = load_job(event.data)
        if is_whole(job):
            return self._complete(job)
        chunks: list[Json] = []
        for piece in pieces_of(job):
            for inner in events_in(piece, self._reader):
                self.spoken = CHAT.read_event(inner) != "wait" or self.spoken
                chunks += self._inside.feed(inner)
        self.ended = status_of(job) == "COMPLETED" and not job.get("stream")
        return chunks

    def end(self) -> list[Json]:
        if not self.ended:
            raise Failure("provider_stream_cut", "the job's stream ended before the model had finished")
        return self._inside.end() if self.spoken else []

    def _complete(self, job: Json) -> list[Json]:
        check_success(job)
        self.ended = True
        if self.spoken:
            return []
        self.spoken = True
        return [
            said for chunk in chunks_of(parse_reply(job)) for said in self._inside.feed(Frame("", orjson.dumps(chunk)))
        ]


DIALECT = replace(
    CHAT,
    name="runpod",
    framing="ndjson",
    render_request=render_request,
    parse_reply=parse_reply,
    parse_usage=parse_usage,
    gather_usage=gather_usage,
    read_event=read_event,
    parser=Parser,
    support={**CHAT.support, "top_k": "native"},
    is_answer=lambda wire: False,
    embeddings=None,
    count_tokens=None,
    completions=None,
    rerank=None,
)
