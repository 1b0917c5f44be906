"""A request to /api/chat in the unified form, and the mistakes that are told before anything is sent."""

from typing import Any

import pytest

from proxy.call import Failure, Json
from proxy.dialects.ollama.parse import parse_request

MESSAGES = [{"role": "user", "content": "hi"}]
TOOL = {"type": "function", "function": {"name": "a", "description": "d", "parameters": {"type": "object"}}}
SCHEMA = {"type": "object", "title": "Person"}
FORM = {"name": "Person", "schema": SCHEMA, "strict": True}


def parse(**wire: Any) -> Json:
    return parse_request({"model": "m", "messages": MESSAGES, **wire})


def added(**wire: Any) -> Json:
    return {name: value for name, value in parse(**wire).items() if name not in ("model", "messages", "stream")}


@pytest.mark.parametrize(
    ("stream", "said"), [({}, True), ({"stream": None}, True), ({"stream": True}, True), ({"stream": False}, False)]
)
def test_it_streams_unless_told_not_to(stream: Json, said: bool) -> None:
    assert parse(**stream) == {"model": "m", "messages": MESSAGES, "stream": said}


@pytest.mark.parametrize(
    ("wire", "unified"),
    [
        ({"options": {"temperature": 1, "top_p": 0.5, "top_k": 3.0}}, {"temperature": 1, "top_p": 0.5, "top_k": 3}),
        ({"options": {"presence_penalty": -1, "seed": 7}}, {"presence_penalty": -1, "seed": 7}),
        ({"options": {"frequency_penalty": 1.5}}, {"frequency_penalty": 1.5}),
        ({"options": {"num_predict": 9}}, {"max_tokens": 9}),
        ({"options": {"num_predict": -1}}, {"ollama_options": {"num_predict": -1}}),
        ({"options": {"stop": ["x"]}}, {"stop": ["x"]}),
        ({"options": {"stop": "x"}}, {"stop": "x"}),
        ({"options": {"num_ctx": 1, "min_p": 0.1, "numa": None, "seed": None}}, {"ollama_options": {"num_ctx": 1, "min_p": 0.1}}),
        ({"options": {}}, {}),
        ({"options": None, "tools": None, "format": None, "think": None}, {}),
        ({"format": ""}, {}),
        ({"format": "json"}, {"response_format": {"type": "json_object"}}),
        ({"format": SCHEMA}, {"response_format": {"type": "json_schema", "json_schema": FORM}}),
        ({"think": True}, {"reasoning": {"enabled": True}}),
        ({"think": False}, {"reasoning": {"enabled": False}}),
        ({"think": "high"}, {"reasoning": {"effort": "high"}}),
        ({"think": "exhaustive"}, {"think": "exhaustive"}),
        ({"keep_alive": 0, "logprobs": True, "top_logprobs": 3}, {"keep_alive": 0, "logprobs": True, "top_logprobs": 3}),
        ({"tools": []}, {}),
        ({"tools": [TOOL]}, {"tools": [TOOL]}),
        ({"tools": [{"function": {"name": "a"}}]}, {"tools": [{"type": "function", "function": {"name": "a"}}]}),
        ({"tools": [{"type": "new", "x": 1}]}, {"tools": [{"type": "ollama", "ollama": {"type": "new", "x": 1}}]}),
        ({"timeout": 3, "brand_new": 1}, {"timeout": 3, "brand_new": 1}),
    ],
)  # fmt: skip
def test_what_is_said(wire: Json, unified: Json) -> None:
    assert added(**wire) == unified


@pytest.mark.parametrize("messages", [{}, {"messages": None}, {"messages": []}])
def test_a_request_without_messages_loads_a_model(messages: Json) -> None:
    assert parse_request({"model": "m", "keep_alive": 0, **messages})["messages"] == []


@pytest.mark.parametrize(
    ("wire", "param"),
    [
        ({"messages": {}}, "messages"),
        ({"stream": "yes"}, "stream"),
        ({"options": []}, "options"),
        ({"options": {"temperature": 2.5}}, "options.temperature"),
        ({"options": {"temperature": "hot"}}, "options.temperature"),
        ({"options": {"top_p": -0.1}}, "options.top_p"),
        ({"options": {"top_k": -1}}, "options.top_k"),
        ({"options": {"presence_penalty": 3}}, "options.presence_penalty"),
        ({"options": {"seed": 1.5}}, "options.seed"),
        ({"options": {"num_predict": "9"}}, "options.num_predict"),
        ({"options": {"stop": [3]}}, "options.stop[0]"),
        ({"logprobs": 1}, "logprobs"),
        ({"top_logprobs": 21}, "top_logprobs"),
        ({"think": 2}, "think"),
        ({"format": "xml"}, "format"),
        ({"format": {"type": "strange"}}, "format.type"),
        ({"tools": {"a": 1}}, "tools"),
        ({"tools": [3]}, "tools[0]"),
        ({"tools": [{"function": {}}]}, "tools[0].function.name"),
        ({"tools": [{"function": {"name": "a", "parameters": {"type": 3}}}]}, "tools[0].function.parameters.type"),
        ({"tools": [{"type": "new"}, TOOL, TOOL]}, "tools[2].function.name"),
    ],
)
def test_what_is_wrong_is_told_as_ollama_knows_it(wire: Json, param: str) -> None:
    with pytest.raises(Failure) as failure:
        parse(**wire)
    assert (failure.value.kind, failure.value.param) == ("invalid_request", param)


def test_a_body_that_is_no_object() -> None:
    with pytest.raises(Failure, match="body must be an object"):
        parse_request([])  # type: ignore[arg-type]
