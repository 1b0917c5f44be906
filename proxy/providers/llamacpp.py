"""llama.cpp's server: https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md.

It has one model, or several as a router, under whatever names it was started with. `/models` asks for no key. The object form of
`tool_choice` it ignores with a line in its log, and input that is too long for an embedding it answers with a 500 (both as seen
with the sources in llama-cpp-python 0.3.36).
"""

from collections.abc import Mapping
from typing import Any

from proxy.call import Failure, Json
from proxy.dialects import openai
from proxy.providers import Provider, openai_paths


def put_choice(wire: Json, choice: Any) -> bool:
    """One tool is chosen by leaving it alone among the tools."""
    name = (choice.get("function") or {}).get("name") if isinstance(choice, dict) else None
    if name is None:
        wire["tool_choice"] = choice
        return isinstance(choice, str)
    wire["tools"] = [tool for tool in wire.get("tools") or () if tool["function"]["name"] == name]
    wire["tool_choice"] = "required"
    return True


def parse_error(status: int, headers: Mapping[str, str], body: bytes) -> Failure:
    failure = openai.DIALECT.parse_error(status, headers, body)
    if b"input is too large to process" in body:
        return Failure("request_too_large", failure.detail, provider_status=status, provider_body=failure.provider_body)
    return failure


PROVIDER = Provider(
    title="llama.cpp",
    dialect="openai",
    docs="https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md",
    base_url="http://127.0.0.1:8080/v1",
    paths=openai_paths("rerank"),
    key_env=("LLAMA_API_KEY",),
    key_required=False,
    implied=False,
    accepts=frozenset({"top_k"}),
    amends={"tool_choice": put_choice},
    stream_usage=True,
    can=frozenset(
        {
            *("chat", "stream", "tools", "parallel_tools", "structured_output", "vision", "audio_input", "reasoning"),
            *("completions", "embeddings", "rerank"),
        }
    ),
    parse_error=parse_error,
)
