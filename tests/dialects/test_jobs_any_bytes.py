"""Whatever a provider says of a job, it ends in chunks, a reply or a Failure, and never in anything else."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.call import Failure
from proxy.dialects import Dialect
from proxy.dialects.jobs import Job
from proxy.providers import all_providers
from proxy.translate import DIALECTS
from proxy.wire.events import Event

KINDS = ("replicate", "runpod_queue")
WORDS = ("COMPLETED", "FAILED", "IN_PROGRESS", "succeeded", "failed", "canceled", "processing", "error", "data: {}\n\n")
NAMES = (
    *("id", "status", "stream", "output", "error", "metrics", "input_token_count", "urls", "choices", "message"),
    *("delta", "content", "tool_calls", "usage", "reason", "detail", "index", "finish_reason", "error_message"),
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.floats(allow_nan=False)
    | st.sampled_from(WORDS)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=6),
    max_leaves=20,
)
STATUS = st.sampled_from(WORDS) | VALUES
ANSWERS = st.builds(
    lambda rest, status: {"id": "a", **rest, "status": status}, st.dictionaries(st.sampled_from(NAMES), VALUES), STATUS
)
BODIES = st.binary(max_size=40) | (VALUES | ANSWERS).map(orjson.dumps)


def parts(kind: str) -> tuple[Dialect, Job]:
    provider = all_providers()[kind]
    assert provider.job is not None
    return DIALECTS[provider.dialect], provider.job


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=60, deadline=None)
@given(answer=VALUES | ANSWERS)
def test_an_answer(kind: str, answer: Any) -> None:
    dialect, job = parts(kind)
    if not isinstance(answer, dict):
        return
    for read in (job.read, dialect.parse_reply, dialect.parse_usage):
        with suppress(Failure):
            read(answer)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=60, deadline=None)
@given(events=st.lists(st.tuples(st.sampled_from(("output", "error", "done", "prediction", "")), BODIES), max_size=6))
def test_a_stream(kind: str, events: list[tuple[str, bytes]]) -> None:
    dialect, _ = parts(kind)
    parser = dialect.parser()
    for name, data in events:
        for feed in (parser.feed, dialect.read_event):
            with suppress(Failure):
                feed(Event(name, data))
    with suppress(Failure):
        parser.end()


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=40, deadline=None)
@given(body=BODIES, status=st.sampled_from((400, 401, 402, 404, 422, 429, 500, 503)))
def test_an_error(kind: str, body: bytes, status: int) -> None:
    failure = parts(kind)[0].parse_error(status, {}, body)
    assert failure.provider_status == status
