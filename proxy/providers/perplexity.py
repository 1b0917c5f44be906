"""Perplexity, by its Agent API: https://docs.perplexity.ai/docs/agent-api/openai-compatibility.

The older chat completions of Sonar ended on 27 September 2026 (https://docs.perplexity.ai/docs/agent-api/migrate-from-sonar/overview);
every dialect is said as a Responses request. Models are named `vendor/model`, for instance `perplexity/sonar`: none is claimed.
A form of the answer is asked for as in chat completions, and what is refused here it would pass over in silence; what it knows is
ResponsesRequest in https://github.com/perplexityai/perplexity-py.
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


PROVIDER = Provider(
    title="Perplexity",
    dialect="responses",
    docs="https://docs.perplexity.ai/docs/agent-api/openai-compatibility",
    base_url="https://api.perplexity.ai/v1",
    paths={"chat": "/responses", "models": "/models"},
    key_env=("PERPLEXITY_API_KEY",),
    refuses=frozenset({"metadata", "parallel_tool_calls", "safety_identifier", "top_logprobs", "user"}),
    amends={"response_format": put_text, "verbosity": put_text},
    can=frozenset({"chat", "stream", "tools", "structured_output", "vision", "documents", "reasoning"}),
)
