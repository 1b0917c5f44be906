"""/api/generate in the words of a chat, both ways."""

from typing import Any

import pytest

from proxy.call import Failure, Json
from proxy.dialects.ollama import GENERATE

PNG = "iVBORw0KGgo="
WIRE: Json = {
    "model": "m",
    "prompt": "what?",
    "system": "be kind",
    "images": [PNG],
    "format": "json",
    "options": {"temperature": 0.5, "num_ctx": 9},
    "think": True,
    "keep_alive": "5m",
    "suffix": "}",
    "template": "{{ .Prompt }}",
    "raw": True,
    "context": [1, 2],
    "stream": False,
}
REPLY: Json = {
    "model": "m",
    "created_at": "2025-06-05T00:31:49Z",
    "response": "hi",
    "thinking": "hm",
    "image": PNG,
    "done": True,
    "done_reason": "stop",
    "context": [1, 2, 3],
    "total_duration": 1,
    "load_duration": 2,
    "prompt_eval_count": 3,
    "prompt_eval_duration": 4,
    "eval_count": 5,
    "eval_duration": 6,
}


def test_a_request_in_the_words_of_a_chat() -> None:
    unified = GENERATE.parse_request(WIRE)
    image = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}}
    assert unified == {
        "model": "m",
        "messages": [
            {"role": "system", "content": "be kind"},
            {"role": "user", "content": [image, {"type": "text", "text": "what?"}]},
        ],
        "response_format": {"type": "json_object"},
        "temperature": 0.5,
        "ollama_options": {"num_ctx": 9},
        "reasoning": {"enabled": True},
        "keep_alive": "5m",
        "suffix": "}",
        "template": "{{ .Prompt }}",
        "raw": True,
        "context": [1, 2],
        "stream": False,
    }
    assert GENERATE.render_request(unified, "m") == (WIRE, [], [])
    assert GENERATE.own >= unified.keys() - {
        "model",
        "messages",
        "response_format",
        "temperature",
        "reasoning",
        "stream",
    }


def test_members_that_are_sent_empty_say_nothing() -> None:
    least = {"model": "m", "prompt": "hi"}
    empty = {"suffix": "", "template": "", "system": "", "format": "", "context": None, "images": None, "raw": False}
    assert GENERATE.parse_request({**least, **empty, "options": None}) == GENERATE.parse_request(least)


def test_the_least_request() -> None:
    assert GENERATE.parse_request({"model": "m", "prompt": "hi"}) == {
        "model": "m",
        "messages": [{"role": "user", "content": "hi"}],
        "stream": True,
    }
    assert GENERATE.parse_request({"model": "m", "keep_alive": 0})["messages"] == []
    loads = {"model": "m", "messages": [], "keep_alive": 0}
    assert GENERATE.render_request(loads, "m").wire == {"model": "m", "keep_alive": 0, "stream": False}


@pytest.mark.parametrize(
    ("wire", "param"),
    [({"prompt": 3}, "prompt"), ({"system": 3}, "system"), ({"images": ["!"]}, "images[0]"), ({"stream": 3}, "stream")],
)
def test_what_is_wrong(wire: Json, param: str) -> None:
    with pytest.raises(Failure) as failure:
        GENERATE.parse_request({"model": "m", **wire})
    assert (failure.value.kind, failure.value.param) == ("invalid_request", param)


@pytest.mark.parametrize(
    ("more", "param"),
    [
        ({"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}, "messages"),
        ({"messages": [{"role": "user", "content": "a"}], "tools": [{"name": "a"}]}, "tools"),
    ],
)
def test_what_has_no_room(more: Any, param: str) -> None:
    with pytest.raises(Failure) as failure:
        GENERATE.render_request({"model": "m", **more}, "m")
    assert (failure.value.kind, failure.value.param) == ("unsupported_capability", param)


def test_a_reply_comes_back_by_value() -> None:
    unified = GENERATE.parse_reply(REPLY)
    message = unified["choices"][0]["message"]
    assert (message["content"], message["reasoning_content"], unified["context"]) == ("hi", "hm", [1, 2, 3])
    assert GENERATE.render_reply(unified, {}) == REPLY
    with pytest.raises(Failure, match="not an object"):
        GENERATE.parse_reply([])  # type: ignore[arg-type]
