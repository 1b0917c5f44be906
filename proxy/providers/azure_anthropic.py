"""Claude in Microsoft Foundry: https://platform.claude.com/docs/en/build-with-claude/claude-in-microsoft-foundry.

Anthropic's Messages at Azure's address. A model is the name of a deployment, so none is claimed, and models are not listed there.
Limits are Azure's to watch: Anthropic's headers about them do not come.
"""

from proxy.providers import Option, Provider

PROVIDER = Provider(
    title="Claude in Microsoft Foundry",
    dialect="anthropic",
    docs="https://platform.claude.com/docs/en/build-with-claude/claude-in-microsoft-foundry",
    base_url="https://{resource}.services.ai.azure.com/anthropic",
    options={
        "resource": Option(env=("ANTHROPIC_FOUNDRY_RESOURCE",)),
        "scope": Option(default="https://ai.azure.com/.default"),
    },
    paths={"chat": "/v1/messages", "count_tokens": "/v1/messages/count_tokens"},
    key_env=("ANTHROPIC_FOUNDRY_API_KEY",),
    key_required=False,
    auth="x-api-key",
    cloud="azure",
    headers={"anthropic-version": "2023-06-01"},
    passes=frozenset({"anthropic-beta", "anthropic-version"}),
    implied=False,
    can=frozenset(
        {
            *("chat", "stream", "tools", "parallel_tools", "structured_output", "vision", "documents"),
            *("reasoning", "caching"),
        }
    ),
    lists="",
)
