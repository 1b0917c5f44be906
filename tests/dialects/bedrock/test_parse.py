"""A Converse request in the unified form, apart from its messages."""

from typing import Any

import pytest

from proxy.call import Failure, Json
from proxy.dialects.bedrock.parse import parse_request

TURN = {"role": "user", "content": [{"text": "hi"}]}
SPEC = {"name": "f", "inputSchema": {"json": {"type": "object"}}}


def parse(**wire: Any) -> Json:
    unified = parse_request({"messages": [TURN], **wire})
    assert unified.pop("messages") == [{"role": "user", "content": "hi"}]
    return unified


@pytest.mark.parametrize(
    ("wire", "unified"),
    [
        ({}, {}),
        (
            {"inferenceConfig": {"maxTokens": 9, "temperature": 0, "topP": 0.5, "stopSequences": ["x"]}},
            {"max_tokens": 9, "temperature": 0, "top_p": 0.5, "stop": ["x"]},
        ),
        ({"requestMetadata": {"team": "a"}}, {"metadata": {"team": "a"}}),
        ({"serviceTier": {"type": "flex"}}, {"service_tier": "flex"}),
        ({"performanceConfig": {"latency": "optimized"}}, {"performanceConfig": {"latency": "optimized"}}),
        ({"novelty": 5}, {"novelty": 5}),
        ({"additionalModelRequestFields": {"top_k": 5}}, {"top_k": 5}),
        ({"additionalModelRequestFields": {"k": 5}}, {"top_k": 5}),
        ({"additionalModelRequestFields": {"inferenceConfig": {"topK": 5}}}, {"top_k": 5}),
        (
            {"additionalModelRequestFields": {"inferenceConfig": {"topK": 5, "x": 1}}},
            {"additionalModelRequestFields": {"inferenceConfig": {"topK": 5, "x": 1}}},
        ),
        (
            {"additionalModelRequestFields": {"tool_choice": {"type": "auto", "disable_parallel_tool_use": True}}},
            {"parallel_tool_calls": False},
        ),
        (
            {"additionalModelRequestFields": {"thinking": {"type": "enabled", "budget_tokens": 2000}, "x": 1}},
            {"reasoning": {"budget_tokens": 2000}, "additionalModelRequestFields": {"x": 1}},
        ),
        ({"outputConfig": {"effort": "low"}}, {"reasoning": {"effort": "low"}}),
        ({"modelId": "m"}, {}),
    ],
)
def test_a_member_in_unified_words(wire: Json, unified: Json) -> None:
    assert parse(**wire) == unified


def test_a_schema_is_json_in_a_string() -> None:
    definition = {"schema": '{"type":"object","title":"Bob"}', "description": "d"}
    form = {"type": "json_schema", "structure": {"jsonSchema": definition}}
    schema = {"type": "object", "title": "Bob"}
    assert parse(outputConfig={"textFormat": form}) == {
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "Bob", "schema": schema, "description": "d", "strict": True},
        }
    }


@pytest.mark.parametrize(
    ("wire", "param"),
    [
        ({"messages": []}, "messages"),
        ({"messages": None}, "messages"),
        ({"inferenceConfig": {"temperature": 1.5}}, "inferenceConfig.temperature"),
        ({"inferenceConfig": {"temperature": "hot"}}, "inferenceConfig.temperature"),
        ({"inferenceConfig": {"topP": -1}}, "inferenceConfig.topP"),
        ({"inferenceConfig": {"maxTokens": 0}}, "inferenceConfig.maxTokens"),
        ({"inferenceConfig": {"stopSequences": [5]}}, "inferenceConfig.stopSequences[0]"),
        ({"inferenceConfig": []}, "inferenceConfig"),
        ({"additionalModelRequestFields": []}, "additionalModelRequestFields"),
        ({"requestMetadata": "x"}, "requestMetadata"),
        ({"serviceTier": {}}, "serviceTier.type"),
        ({"toolConfig": {"tools": [{"toolSpec": SPEC}] * 2}}, "toolConfig.tools[1].toolSpec.name"),
        ({"outputConfig": {"textFormat": {}}}, "outputConfig.textFormat.structure"),
        (
            {"outputConfig": {"textFormat": {"structure": {"jsonSchema": {"schema": "{"}}}}},
            "outputConfig.textFormat.structure.jsonSchema.schema",
        ),
        (
            {"outputConfig": {"textFormat": {"structure": {"jsonSchema": {"schema": '{"type": "thing"}'}}}}},
            "outputConfig.textFormat.structure.jsonSchema.schema.type",
        ),
    ],
)
def test_a_mistake_is_named_by_its_path(wire: Json, param: str) -> None:
    with pytest.raises(Failure) as caught:
        parse_request({"messages": [TURN], **wire})
    assert (caught.value.kind, caught.value.param) == ("invalid_request", param)
