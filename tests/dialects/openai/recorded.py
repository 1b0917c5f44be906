"""Real traffic with OpenAI and those who speak like it, sorted by what it is. Empty where there are no recordings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
import pytest
from hypothesis import strategies as st

from proxy.call import Json
from tests.conftest import ROOT

WIRE = ROOT.parent / "shared" / "wire"
FOLDERS = """
ai21 alibaba azure cerebras cloudflare databricks deepseek doubleword gemini-openai-compat github-copilot groq huggingface
llamacpp mistral ollama-openai-compat openai openai-compat-local openrouter perplexity snowflake together venice
vercel-gateway xai zai
""".split()  # noqa: SIM905
CHAT = frozenset({"chat", "foundry-chat"})

RECORDINGS: Mapping[str, Json] = {
    f"{path.parent.name}/{path.stem}": orjson.loads(path.read_bytes())
    for folder in FOLDERS
    for path in sorted((WIRE / folder).glob("*.json"))
}


def body_of(response: Json) -> bytes:
    return response["text"].encode() if "text" in response else orjson.dumps(response.get("json"))


def stream_of(response: Json) -> bytes:
    """The stream's bytes. Where only the payloads were kept, they get their framing back."""
    body = body_of(response)
    if b"data:" in body:
        return body
    return b"".join(b"data: %b\n\n" % line for line in [*body.splitlines(), b"[DONE]"])


def is_streamed(recording: Json) -> bool:
    return "text" in recording["response"] and "stream" in recording["feature"]


CHATS = {name: recording for name, recording in RECORDINGS.items() if recording["api"] in CHAT}
REQUESTS: Mapping[str, Json] = {
    name: recording["request"]["json"]
    for name, recording in CHATS.items()
    if recording.get("request") and isinstance(recording["request"].get("json"), dict)
}
STREAMS = {name: stream_of(recording["response"]) for name, recording in CHATS.items() if is_streamed(recording)}
REPLIES: Mapping[str, Json] = {
    name: orjson.loads(body_of(recording["response"]))
    for name, recording in CHATS.items()
    if recording["response"]["status"] == 200 and not is_streamed(recording)
}
ERRORS = {
    name: recording["response"] for name, recording in RECORDINGS.items() if recording["response"]["status"] >= 400
}


def each(recorded: Mapping[str, Any]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(("name", "recorded"), recorded.items(), ids=recorded)


#: Any JSON, made mostly of the words that the parsers look for.
WORDS = """
model messages role user assistant tool content type text image image_url source url base64 media_type data tools function
name arguments tool_calls tool_call_id stop stop_sequences system reasoning effort enabled budget_tokens max_tokens
max_completion_tokens stream stream_options include_usage cache_control thinking_blocks provider_blocks annotations
choices index delta message finish_reason usage x_groq prompt_tokens completion_tokens total_tokens cached_tokens
reasoning_tokens prompt_tokens_details completion_tokens_details error errors detail code param msg loc insufficient_quota
invalid_api_key rate_limit_exceeded created timeout fallbacks cache top_k tool_choice web_search_20250305
""".split()  # noqa: SIM905
NAMES = st.sampled_from(WORDS)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-3, 600)
    | st.floats(allow_nan=False, allow_infinity=False)
    | NAMES
    | st.text(max_size=3)
)
ANYTHING = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES | st.text(max_size=2), inner, max_size=5),
    max_leaves=25,
)
OBJECTS = st.dictionaries(NAMES, ANYTHING, max_size=6)
