"""Which answer a request gets, and when."""

from __future__ import annotations

import pytest
from openai.types import Model

from proxy.call import Failure
from proxy.upstream.mock import MockSettings
from proxy.upstream.mock.models import MODELS, Behaviour
from proxy.upstream.mock.openai import OPENAI
from proxy.upstream.mock.script import chat_script, error_script, models_script, refusal_script
from proxy.upstream.mock.wire import Wire
from proxy.upstream.mock.wires import WIRES
from tests.upstream.mock.playing import Answer, answer_to, chat, script_of, sent

SLOW = MockSettings((0.1, 0.2), (0.01, 0.03))


@pytest.mark.parametrize("stream", [True, False])
def test_a_status_with_its_error_body(stream: bool) -> None:
    answer = answer_to(chat(model="mock-status-503", stream=stream))
    assert (answer.status, answer.json["error"]["type"], answer.complete) == (503, "server_error", True)
    assert "retry-after" not in answer.headers
    limited = answer_to(chat(model="mock-status-429-retry-after-0.5", stream=stream))
    assert (limited.status, limited.headers["retry-after"]) == (429, "0.5")
    assert limited.json["error"]["code"] == "rate_limit_exceeded"


@pytest.mark.parametrize("stream", [True, False])
def test_a_page_instead_of_an_answer(stream: bool) -> None:
    answer = answer_to(chat(model="mock-html", stream=stream))
    assert (answer.status, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert answer.body.startswith(b"<!doctype html>")


@pytest.mark.parametrize(
    ("stream", "content_type"), [(True, "text/event-stream; charset=utf-8"), (False, "application/json")]
)
def test_an_empty_body(stream: bool, content_type: str) -> None:
    answer = answer_to(chat(model="mock-empty", stream=stream))
    assert (answer.status, answer.headers["content-type"], answer.body, answer.complete) == (
        200,
        content_type,
        b"",
        True,
    )


@pytest.mark.parametrize("stream", [True, False])
def test_a_head_without_its_end(stream: bool) -> None:
    script = script_of(chat(model="mock-cut-head", stream=stream))
    wire = sent(script)
    assert wire.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"\r\n\r\n" not in wire
    assert script.end == "close"


def test_delays_come_from_the_digest() -> None:
    request = chat(stream=True)
    lowest, highest = (list(chat_script(OPENAI, request, Behaviour(), bytes([b] * 12), SLOW).steps) for b in (0, 255))
    assert [lowest[0].pause, highest[0].pause, lowest[3].pause, highest[3].pause] == pytest.approx(
        [0.1, 0.2, 0.01, 0.03]
    )
    mixed = [step.pause for step in chat_script(OPENAI, request, Behaviour(), bytes([0, 255, 7]), SLOW).steps]
    assert mixed == [step.pause for step in chat_script(OPENAI, request, Behaviour(), bytes([0, 255, 7]), SLOW).steps]
    assert len({pause for pause in mixed if pause}) > 2


@pytest.mark.parametrize("stream", [True, False])
def test_a_slow_model_begins_late(stream: bool) -> None:
    first, *_ = script_of(chat(model="mock-slow-2.5", stream=stream)).steps
    assert first.pause == 2.5


def test_by_default_the_first_token_takes_100_to_200_ms() -> None:
    assert MockSettings() == MockSettings(first_token=(0.1, 0.2), inter_token=(0.02, 0.02))


def test_the_list_of_models() -> None:
    listed = [Model.model_validate(each, strict=True).id for each in Answer(sent(models_script(OPENAI))).json["data"]]
    assert listed == [model.example for model in MODELS]


def test_choices_together_have_no_more_tokens_than_one_may() -> None:
    answer = Answer(sent(script_of(chat(model="mock-tokens-50001", n=2))))
    assert (answer.status, answer.json["error"]["param"]) == (400, "n")
    assert Answer(sent(script_of(chat(model="mock-tokens-3", n=2)))).json["usage"]["completion_tokens"] == 6


@pytest.mark.parametrize("wire", WIRES.values(), ids=WIRES)
def test_an_error_names_the_request_as_an_answer_does(wire: Wire) -> None:
    answer = Answer(sent(error_script(wire, 429, "Slow down.", headers={"retry-after": "2"})))
    assert (answer.status, answer.headers[wire.id_header], answer.headers["retry-after"]) == (429, "req_mock", "2")
    assert "Slow down." in answer.json["error"]["message"]


def test_a_refusal_in_openai_shape() -> None:
    answer = Answer(sent(refusal_script(OPENAI, Failure("invalid_request", "No.", param="n", code="invalid_type"))))
    assert answer.status == 400
    assert answer.json == {
        "error": {"message": "No.", "type": "invalid_request_error", "param": "n", "code": "invalid_type"}
    }
