"""A unified request as a Converse request."""

from copy import deepcopy
from typing import Any

import pytest

from proxy.call import Failure, Json
from proxy.dialects import Rendering
from proxy.dialects.bedrock.request import render_request

HI = {"role": "user", "content": "hi"}
TURN = {"role": "user", "content": [{"text": "hi"}]}
SONNET, HAIKU_3, NOVA = "anthropic.claude-sonnet-4-5", "anthropic.claude-3-haiku-20240307-v1:0", "amazon.nova-lite-v1:0"
SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}}
FORM = {"type": "json_schema", "json_schema": {"name": "n", "description": "d", "schema": SCHEMA, "strict": True}}


def say(model: str = SONNET, **unified: Any) -> Rendering:
    before = deepcopy(unified)
    rendering = render_request({"messages": [HI], **unified}, model)
    assert unified == before
    assert rendering.wire.pop("messages") == [TURN]
    return rendering


def test_a_small_request_is_its_messages() -> None:
    assert say(model="x", stream=True, timeout=5, fallbacks=[], cache={}, temperature=None) == ({}, [], [])


def test_a_schema_is_said_natively_where_the_model_can_be_bound() -> None:
    definition = {"schema": '{"type":"object","properties":{"a":{"type":"string"}}}', "name": "n", "description": "d"}
    form = {"type": "json_schema", "structure": {"jsonSchema": definition}}
    assert say(response_format=FORM) == ({"outputConfig": {"textFormat": form}}, [], [])


@pytest.mark.parametrize("model", [HAIKU_3, NOVA])
def test_a_schema_is_said_by_a_tool_that_must_be_called_elsewhere(model: str) -> None:
    wire, dropped, translated = say(model, response_format=FORM)
    [tool] = wire["toolConfig"]["tools"]
    assert tool["toolSpec"]["inputSchema"] == {"json": SCHEMA}
    assert wire["toolConfig"]["toolChoice"] == {"tool": {"name": tool["toolSpec"]["name"]}}
    assert (dropped, translated) == ([], ["response_format"])


@pytest.mark.parametrize(
    ("model", "unified"),
    [
        (SONNET, {"response_format": {"type": "json_object"}, "tools": [{"name": "f"}]}),
        (SONNET, {"response_format": {"type": "json_schema"}}),
        (HAIKU_3, {"response_format": FORM, "tools": [{"name": "f"}]}),
        ("mistral.mistral-large-2407-v1:0", {"response_format": FORM}),
    ],
)
def test_a_format_that_cannot_be_said_is_named(model: str, unified: Json) -> None:
    wire, dropped, _ = say(model, **unified)
    assert "outputConfig" not in wire
    assert dropped == [f"response_format.{unified['response_format']['type']}"]


def test_any_json_object_is_what_a_tool_is_called_with() -> None:
    wire, dropped, translated = say(SONNET, response_format={"type": "json_object"})
    [tool] = wire["toolConfig"]["tools"]
    assert tool["toolSpec"]["inputSchema"]["json"]["type"] == "object"
    assert (dropped, translated) == ([], ["response_format"])


def test_metadata_is_what_bedrock_allows() -> None:
    assert say(metadata={"team": "a b:c"}) == ({"requestMetadata": {"team": "a b:c"}}, [], [])
    odd = {"a": "ü", "b": 5, "c": "x" * 257, "d": "ok"}
    assert say(metadata=odd) == ({"requestMetadata": {"d": "ok"}}, ["metadata"], [])
    many = {str(number): "x" for number in range(17)}
    wire, dropped, _ = say(metadata=many)
    assert (len(wire["requestMetadata"]), dropped) == (16, ["metadata"])
    assert say(metadata=None) == ({}, [], [])


@pytest.mark.parametrize(
    ("tier", "wire", "dropped"),
    [
        ("auto", {}, []),
        ("priority", {"serviceTier": {"type": "priority"}}, []),
        ("scale", {}, ["service_tier"]),
    ],
)
def test_service_tiers(tier: str, wire: Json, dropped: list[str]) -> None:
    assert say(service_tier=tier) == (wire, dropped, [])


def test_one_answer_can_be_asked_for() -> None:
    assert say(n=1) == ({}, [], [])
    with pytest.raises(Failure) as caught:
        say(n=2)
    assert (caught.value.kind, caught.value.param) == ("unsupported_capability", "n")


def test_what_nobody_knows_is_dropped_and_named_once() -> None:
    rendering = say(seed=1, novelty={"a": 1}, logprobs=False, user="u")
    assert rendering == ({}, ["seed", "novelty", "user"], [])


@pytest.mark.parametrize(
    ("unified", "param"),
    [
        ({"messages": None}, "messages"),
        ({"tools": 5, "messages": [HI]}, "tools"),
        ({"response_format": "json", "messages": [HI]}, "response_format"),
        ({"metadata": ["x"], "messages": [HI]}, "metadata"),
        ({"service_tier": 5, "messages": [HI]}, "service_tier"),
        ({"additionalModelRequestFields": 5, "messages": [HI]}, "additionalModelRequestFields"),
    ],
)
def test_a_mistake_is_named_by_its_unified_field(unified: Json, param: str) -> None:
    with pytest.raises(Failure) as caught:
        render_request(unified, SONNET)
    assert (caught.value.kind, caught.value.param) == ("invalid_request", param)
