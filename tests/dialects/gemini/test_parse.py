"""A request of Google's SDK in the unified form, and what is wrong with one by the name that its user knows."""

from typing import Any

import pytest

from proxy.call import Failure, Json
from proxy.dialects.gemini.parse import parse_request

CONTENTS = [{"parts": [{"text": "a"}]}]
USER = {"role": "user", "content": "a"}


def test_a_whole_request() -> None:
    unified = parse_request(
        {
            "contents": CONTENTS,
            "system_instruction": {"parts": {"text": "s"}},
            "tools": [{"googleSearch": {}}],
            "toolConfig": {"functionCallingConfig": {"mode": "NONE"}, "retrievalConfig": {"languageCode": "de"}},
            "generationConfig": {
                "temperature": 0.5,
                "top_p": 0.9,
                "maxOutputTokens": 7,
                "stopSequences": ["x"],
                "candidateCount": 2,
                "responseLogprobs": True,
                "logprobs": 3,
                "responseModalities": ["TEXT"],
                "responseMimeType": "application/json",
                "responseSchema": {"type": "OBJECT", "title": "T"},
                "thinkingConfig": {"thinkingLevel": "LOW"},
                "speechConfig": {"a": 1},
            },
            "safetySettings": None,
            "cachedContent": "c",
            "serviceTier": "standard",
            "store": False,
            "newThing": 1,
        }
    )
    schema = {"type": "object", "title": "T"}
    assert unified == {
        "messages": [{"role": "system", "content": "s"}, USER],
        "tools": [{"type": "gemini", "gemini": {"googleSearch": {}}}],
        "tool_choice": "none",
        "toolConfig": {"retrievalConfig": {"languageCode": "de"}},
        "temperature": 0.5,
        "top_p": 0.9,
        "max_tokens": 7,
        "stop": ["x"],
        "n": 2,
        "logprobs": True,
        "top_logprobs": 3,
        "modalities": ["text"],
        "response_format": {"type": "json_schema", "json_schema": {"name": "T", "schema": schema, "strict": True}},
        "reasoning": {"effort": "low", "display": "omitted"},
        "generationConfig": {"speechConfig": {"a": 1}},
        "cachedContent": "c",
        "service_tier": "default",
        "gemini_store": False,
        "newThing": 1,
    }


def test_other_forms_of_an_answer() -> None:
    def parse(**config: Any) -> Json:
        return parse_request({"contents": CONTENTS, "generationConfig": config})

    assert parse(responseMimeType="application/json")["response_format"] == {"type": "json_object"}
    assert parse(responseMimeType="text/plain") == {"messages": [USER]}
    enum = {"responseMimeType": "text/x.enum", "responseSchema": {"enum": ["A"]}}
    assert parse(**enum)["generationConfig"] == enum


@pytest.mark.parametrize(
    ("wire", "param"),
    [
        ([], "body"),
        ({}, "contents"),
        ({"contents": []}, "contents"),
        ({"contents": [{"role": "robot", "parts": []}]}, "contents[0].role"),
        ({"contents": [{"parts": "a"}]}, "contents[0].parts"),
        ({"contents": [{"parts": [{"text": 1}]}]}, "contents[0].parts[0].text"),
        ({"generationConfig": {"temperature": 2.5}}, "generationConfig.temperature"),
        ({"generation_config": {"top_p": -1}}, "generationConfig.topP"),
        ({"generationConfig": {"maxOutputTokens": 0}}, "generationConfig.maxOutputTokens"),
        ({"generationConfig": {"candidateCount": 9}}, "generationConfig.candidateCount"),
        ({"generationConfig": {"candidateCount": 1.5}}, "generationConfig.candidateCount"),
        ({"generationConfig": {"seed": "1"}}, "generationConfig.seed"),
        ({"generationConfig": {"stopSequences": "x"}}, "generationConfig.stopSequences"),
        ({"generationConfig": {"responseLogprobs": 1}}, "generationConfig.responseLogprobs"),
        ({"generationConfig": {"responseSchema": {}}}, "generationConfig.responseSchema"),
        (
            {"generationConfig": {"responseMimeType": "application/json", "responseSchema": {"type": "X"}}},
            "generationConfig.responseSchema.type",
        ),
        ({"serviceTier": 1}, "serviceTier"),
        ({"systemInstruction": {"parts": [{"text": 1}]}}, "systemInstruction.parts[0].text"),
    ],
)
def test_wrong_requests(wire: Any, param: str) -> None:
    body = {"contents": CONTENTS, **wire} if isinstance(wire, dict) and wire else wire
    with pytest.raises(Failure) as raised:
        parse_request(body)
    assert (raised.value.kind, raised.value.param) == ("invalid_request", param)
    assert param in raised.value.detail
