"""What every provider is asked, in OpenAI's words, and a value for each field that some provider may not take."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tests.sdk.scenes import IMAGE_DATA, Heard, Json

HELLO: Json = {"role": "user", "content": "Hellö?"}
SCHEMA: Json = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
TOOL: Json = {"type": "function", "function": {"name": "get_weather", "description": "Now.", "parameters": SCHEMA}}
CALL: Json = {"id": "call_1", "type": "function", "function": {"name": "get_weather", "arguments": '{"city":"Bern"}'}}
TURNS: list[Json] = [
    HELLO,
    {"role": "assistant", "content": None, "tool_calls": [CALL]},
    {"role": "tool", "tool_call_id": "call_1", "content": "sun"},
]
FORM: Json = {"type": "json_schema", "json_schema": {"name": "city", "strict": True, "schema": SCHEMA}}
IMAGE: Json = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{IMAGE_DATA}"}}
PDF: Json = {
    "type": "file",
    "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBERi0xLjQKJSVFT0YK"},
}
SOUND: Json = {"type": "input_audio", "input_audio": {"data": "UklGRiQAAABXQVZF", "format": "wav"}}
OTHER: Json = {"id": "call_2", "type": "function", "function": {"name": "get_weather", "arguments": '{"city":"Rom"}'}}
BOTH: list[Json] = [
    HELLO,
    {"role": "assistant", "content": None, "tool_calls": [CALL, OTHER]},
    {"role": "tool", "tool_call_id": "call_1", "content": "sun"},
    {"role": "tool", "tool_call_id": "call_2", "content": "rain"},
]


def asking(part: Json) -> Json:
    return {"role": "user", "content": [{"type": "text", "text": "What is this?"}, part]}


#: What is asked -> what a provider must be able to do, and the fields of the request.
SHAPES: Mapping[str, tuple[str, Json]] = {
    "text": ("chat", {"messages": [{"role": "system", "content": "Be short."}, HELLO], "max_tokens": 99}),
    "stream": ("stream", {"messages": [HELLO], "stream": True, "stream_options": {"include_usage": True}}),
    "tools": ("tools", {"messages": TURNS, "tools": [TOOL], "tool_choice": "auto"}),
    "vision": ("vision", {"messages": [asking(IMAGE)]}),
    "structured": ("structured_output", {"messages": [HELLO], "response_format": FORM}),
    "parallel": ("parallel_tools", {"messages": BOTH, "tools": [TOOL], "parallel_tool_calls": True}),
    "reasoning": ("reasoning", {"messages": [HELLO], "reasoning_effort": "low"}),
    "documents": ("documents", {"messages": [asking(PDF)]}),
    "audio": ("audio_input", {"messages": [asking(SOUND)]}),
}
#: What is asked -> how recordings of such are called.
FEATURES: Mapping[str, str] = {
    "text": "basic",
    "stream": "stream-basic",
    "tools": "tool-result",
    "vision": "vision",
    "structured": "structured",
    "parallel": "parallel-tools",
    "reasoning": "reasoning",
    "documents": "document",
    "audio": "",
}
#: What is asked -> whether it was understood.
UNDERSTOOD: Mapping[str, Callable[[Heard], bool]] = {
    "text": lambda heard: heard.limit == 99 and heard.system == "Be short.",
    "stream": lambda heard: heard.words == "Hellö?",
    "tools": lambda heard: [*heard.tools] == ["get_weather"] and len(heard.results) == 1,
    "vision": lambda heard: len(heard.images) == 1,
    "structured": lambda heard: "city" in str(heard.schema),
    "parallel": lambda heard: [text for _, _, text in heard.results] == ["sun", "rain"],
    "reasoning": lambda heard: heard.thinks,
    "documents": lambda heard: heard.words == "What is this?",
    "audio": lambda heard: heard.words == "What is this?",
}
#: A value for every field of the unified form that a provider could refuse, spell otherwise, or take but one of.
VALUES: Mapping[str, Any] = {
    **dict.fromkeys(("max_tokens", "max_completion_tokens"), 77),
    "temperature": 1.0,
    "top_p": 0.5,
    "top_k": 5,
    "frequency_penalty": 0.5,
    "presence_penalty": 0.5,
    "seed": 7,
    "stop": ["END"],
    "stop_sequences": ["STOP"],
    "n": 2,
    "logprobs": True,
    "top_logprobs": 2,
    "logit_bias": {"50256": -100},
    "stream_options": {"include_usage": True},
    "tools": [TOOL],
    "tool_choice": "auto",
    "parallel_tool_calls": False,
    "response_format": {"type": "json_object"},
    "reasoning_effort": "low",
    "user": "u-1",
    "safety_identifier": "u-1",
    "metadata": {"team": "a"},
    "service_tier": "auto",
    "modalities": ["text"],
    "audio": {"voice": "alloy", "format": "wav"},
    "store": True,
    "verbosity": "low",
    "prediction": {"type": "content", "content": "x"},
    "web_search_options": {},
    "prompt_cache_key": "k",
    "reasoning": {"effort": "low"},
    "cache_control": {"type": "ephemeral"},
    "messages.name": "Ada",
    "messages.reasoning_content": "I had thought.",
}
