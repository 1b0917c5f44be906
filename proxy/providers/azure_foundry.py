"""Models of everybody's in Microsoft Foundry: https://learn.microsoft.com/azure/ai-foundry/foundry-models/concepts/endpoints.

The Azure AI inference endpoint, which finds the deployment by `model`. Fields that its API does not define go on to the model,
are left out or refused, as the caller's header `extra-parameters` says. OpenAI's models are better asked by `azure_openai`,
Claude by `azure_anthropic`. Tokens of Entra's may want `scope: https://ai.azure.com/.default`. Nothing is listed.
"""

from proxy.providers import Option, Provider

VERSION = "?api-version={api_version}"

PROVIDER = Provider(
    title="Microsoft Foundry",
    dialect="openai",
    docs="https://learn.microsoft.com/azure/ai-foundry/foundry-models/concepts/endpoints",
    base_url="https://{resource}.services.ai.azure.com",
    options={
        "resource": Option(env=("AZURE_AI_RESOURCE",)),
        "api_version": Option(default="2024-05-01-preview"),
    },
    paths={
        "chat": f"/models/chat/completions{VERSION}",
        "embeddings": f"/models/embeddings{VERSION}",
    },
    key_env=("AZURE_AI_API_KEY", "AZURE_INFERENCE_CREDENTIAL"),
    key_required=False,
    auth="api-key",
    cloud="azure",
    passes=frozenset({"extra-parameters", "x-ms-client-request-id"}),
    stream_usage=True,
    implied=False,
    can=frozenset({"chat", "stream", "tools", "structured_output", "vision", "reasoning", "embeddings"}),
    limits="azure",
    lists="",
)
