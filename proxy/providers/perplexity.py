"""Perplexity, by its Agent API: https://docs.perplexity.ai/docs/agent-api/openai-compatibility.

The older chat completions of Sonar ended on 27 September 2026 (https://docs.perplexity.ai/docs/agent-api/migrate-from-sonar/overview);
every dialect is said as a Responses request. Models are named `vendor/model`, for instance `perplexity/sonar`: none is claimed.
A form of the answer is asked for as in chat completions, a tool cannot be demanded, and what else is refused here it would pass over
in silence: https://docs.perplexity.ai/api-reference/responses-post.
"""

from typing import Any

from proxy.call import Json
from proxy.providers import Provider


def put_text(wire: Json, said: Any) -> bool:
    """The form of an answer; its `verbosity` cannot be asked for."""
    wire.pop("text", None)
    form = said.get("type") if isinstance(said, dict) else None
    if form == "json_schema":
        wire["response_format"] = said
    return form in ("json_schema", "text")


def put_items(wire: Json, messages: Any) -> bool:
    """Every item of the input says what it is."""
    wire["input"] = [item if "type" in item else {"type": "message", **item} for item in wire["input"]]
    return True


PROVIDER = Provider(
    title="Perplexity",
    dialect="responses",
    docs="https://docs.perplexity.ai/docs/agent-api/openai-compatibility",
    base_url="https://api.perplexity.ai/v1",
    paths={"chat": "/responses"},
    key_env=("PERPLEXITY_API_KEY",),
    refuses=frozenset(
        {
            *("metadata", "parallel_tool_calls", "prompt_cache_key", "safety_identifier", "service_tier"),
            *("top_logprobs", "user"),
        }
    ),
    fixed={"tool_choice": "auto"},
    amends={"messages": put_items, "response_format": put_text, "verbosity": put_text},
    can=frozenset({"chat", "stream", "tools", "structured_output", "vision", "reasoning"}),
    lists="",
)
