"""A prediction's state, its text whatever it came as, and its counts."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.call import Failure, Usage
from proxy.dialects.jobs import State
from proxy.dialects.replicate.reply import frame, gather_usage, order, parse_reply, parse_usage, read_state
from proxy.wire.sse import Reader
from tests.upstream.job_servers import COUNTS, ID, prediction


@pytest.mark.parametrize(
    ("status", "ended", "good"),
    [
        *(("starting", False, False), ("processing", False, False), ("succeeded", True, True)),
        *(("failed", True, False), ("canceled", True, False), ("aborted", True, False)),
    ],
)
def test_the_states_of_a_prediction(status: str, ended: bool, good: bool) -> None:
    urls = {"get": "https://x", "stream": "https://stream.replicate.com/v1/files/a"}
    assert read_state(prediction(status, urls=urls)) == State(ID, ended, good, urls["stream"])
    assert read_state(prediction(status)) == State(ID, ended, good, "")


@pytest.mark.parametrize("wrong", [{"status": "dreaming"}, {"status": None}, {"id": None}, {"id": "../x"}])
def test_what_is_no_prediction_is_the_provider_s_fault(wrong: Any) -> None:
    with pytest.raises(Failure) as caught:
        read_state(prediction() | wrong)
    assert caught.value.kind == "provider_error"


@pytest.mark.parametrize(
    ("output", "text"),
    [
        *((["Once", " upon"], "Once upon"), ("hello Alice", "hello Alice"), (None, ""), ([], "")),
        *(({"a": [1]}, '{"a":[1]}'), (["a", 7], '["a",7]'), (7.5, "7.5"), (True, "true")),
    ],
)
def test_any_output_is_a_text(output: object, text: str) -> None:
    reply = parse_reply(prediction(output=output))
    assert reply["choices"] == [
        {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    ]
    assert (reply["id"], "usage" in reply) == (ID, False)


def test_official_models_count_tokens() -> None:
    usage = Usage(11, output=3)
    assert parse_usage(prediction(metrics=COUNTS)) == usage
    assert parse_reply(prediction(metrics=COUNTS))["usage"]["total_tokens"] == 14
    assert parse_usage(prediction(metrics={"predict_time": 1.5})) is None
    assert parse_usage(prediction(metrics=None)) is None
    assert gather_usage([prediction(), prediction(metrics=COUNTS)]) == usage
    assert gather_usage([prediction()]) is None


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("failed", "provider_error"),
        ("canceled", "provider_error"),
        ("aborted", "timeout"),
        ("starting", "provider_error"),
    ],
)
def test_no_success_is_no_reply(status: str, kind: str) -> None:
    with pytest.raises(Failure) as caught:
        parse_reply(prediction(status, error="boom" if status == "failed" else None))
    assert caught.value.kind == kind
    assert status != "failed" or caught.value.detail == "boom"


@pytest.mark.parametrize(("seconds", "after"), [(600.4, "600s"), (0.0, "5s"), (1e9, "1800s")])
def test_it_is_asked_to_end_itself(seconds: float, after: str) -> None:
    body = b'{"version":"x"}'
    assert order(body, True, seconds) == (body, [("cancel-after", after)])
    assert order(body, False, seconds) == (body, [("cancel-after", after), ("prefer", "wait=1")])


def test_a_prediction_is_one_event() -> None:
    [event] = Reader().feed(frame(b'{\n  "id": "a",\r\n "output": "x\\ny"\n}'))
    assert (event.name, event.data) == ("prediction", b'{   "id": "a",   "output": "x\\ny" }')
