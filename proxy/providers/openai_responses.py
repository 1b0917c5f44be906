"""OpenAI by its Responses API alone, and servers that have no other: https://platform.openai.com/docs/api-reference/responses.

The kind `openai` takes a Responses request too, from an application that speaks it; here every dialect is said that way.
"""

from proxy.providers import RESPONSES_PATHS, Provider

PROVIDER = Provider(
    title="OpenAI (Responses API)",
    dialect="responses",
    docs="https://platform.openai.com/docs/api-reference/responses",
    base_url="https://api.openai.com/v1",
    paths={**RESPONSES_PATHS, "models": "/models"},
    key_env=("OPENAI_API_KEY",),
    passes=frozenset({"openai-beta", "idempotency-key", "x-client-request-id"}),
    implied=False,
    can=frozenset(
        {
            *("chat", "stream", "tools", "parallel_tools", "structured_output", "vision", "documents"),
            *("reasoning", "caching"),
        }
    ),
    limits="openai",
)
