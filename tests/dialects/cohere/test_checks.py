"""What is refused at the door, by the name that Cohere's users know."""

from typing import Any

import pytest

from proxy.call import Failure, Json
from proxy.dialects.cohere.parse import parse_request

USER: Json = {"role": "user", "content": "hi"}
CALL = {"id": "c", "type": "function", "function": {"name": "look", "arguments": "{}"}}
GIF_AS_PNG = "data:image/png;base64,R0lGODlhAQABAAAAACw="


def tool(name: str = "look", **parameters: Any) -> Json:
    return {"type": "function", "function": {"name": name, "parameters": parameters}}


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"temperature": 1.5}, "temperature"),
        ({"temperature": "hot"}, "temperature"),
        ({"p": -0.1}, "p"),
        ({"k": 501}, "k"),
        ({"k": 1.5}, "k"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"frequency_penalty": -1}, "frequency_penalty"),
        ({"presence_penalty": 2}, "presence_penalty"),
        ({"stream": 1}, "stream"),
        ({"seed": "x"}, "seed"),
        ({"stop_sequences": "END"}, "stop_sequences"),
        ({"thinking": "much"}, "thinking"),
        ({"messages": None}, "messages"),
        ({"messages": []}, "messages"),
        ({"messages": [USER, {"role": "tool", "tool_call_id": "c", "content": "x"}]}, "messages[1].tool_call_id"),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": GIF_AS_PNG}}]}]},
            "messages[0].content[0].image_url.url",
        ),
        ({"tools": [tool(), tool()]}, "tools[1].function.name"),
        ({"tools": [tool(type="thing")]}, "tools[0].function.parameters.type"),
        ({"response_format": {"type": "json_object", "json_schema": {"type": 5}}}, "response_format.json_schema.type"),
    ],
)
def test_what_is_wrong_is_named(fields: Json, param: str) -> None:
    with pytest.raises(Failure) as caught:
        parse_request({"model": "m", "messages": [USER], **fields})
    assert (caught.value.kind, caught.value.param) == ("invalid_request", param)


def test_null_stands_for_absence() -> None:
    parse_request(
        {"model": "m", "messages": [USER], "temperature": None, "stream": None, "tools": None, "thinking": None}
    )


def test_what_cohere_takes_passes() -> None:
    turns = [USER, {"role": "assistant", "tool_calls": [CALL]}, {"role": "tool", "tool_call_id": "c", "content": "x"}]
    parameters = tool(type="object", properties={"age": {"type": "int"}})
    parse_request({"model": "m", "messages": turns, "temperature": 1, "p": 0.99, "k": 0, "tools": [parameters]})
