"""Azure OpenAI by deployments and dated versions: https://learn.microsoft.com/azure/ai-foundry/openai/reference.

For resources and gateways that have no v1 form. The path names the deployment; `model` in the body is not looked at. Without a
listing of deployments there, none is claimed and none is listed; the base models are, at no cost, and with the key.
"""

from proxy.providers import Option, Provider

BELOW = "/openai/deployments/{model}"
VERSION = "?api-version={api_version}"

PROVIDER = Provider(
    title="Azure OpenAI (deployments)",
    dialect="openai",
    docs="https://learn.microsoft.com/azure/ai-foundry/openai/reference",
    base_url="https://{resource}.openai.azure.com",
    options={
        "resource": Option(env=("AZURE_OPENAI_RESOURCE", "AZURE_RESOURCE_NAME")),
        "api_version": Option(env=("OPENAI_API_VERSION",), default="2024-10-21"),
    },
    paths={
        "chat": f"{BELOW}/chat/completions{VERSION}",
        "completions": f"{BELOW}/completions{VERSION}",
        "embeddings": f"{BELOW}/embeddings{VERSION}",
    },
    key_env=("AZURE_OPENAI_API_KEY",),
    key_required=False,
    auth="api-key",
    cloud="azure",
    passes=frozenset({"x-ms-client-request-id"}),
    stream_usage=True,
    implied=False,
    can=frozenset(
        {
            *("chat", "stream", "tools", "parallel_tools", "structured_output", "vision", "audio_input", "reasoning"),
            *("caching", "completions", "embeddings"),
        }
    ),
    limits="azure",
    lists="",
    probe=f"/openai/models{VERSION}",
)
