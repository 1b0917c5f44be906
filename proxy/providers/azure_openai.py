"""Azure OpenAI by its v1 form: https://learn.microsoft.com/azure/ai-foundry/openai/latest, without versions in the address.

A model is the name of a deployment, so none is claimed. A stream may begin with a chunk without choices, the filter's word on the
prompt; what the filter refuses is a 400 with the code `content_filter`. Resets of its limits are bare seconds.
"""

from proxy.providers import OPENAI_PATHS, Option, Provider

PROVIDER = Provider(
    title="Azure OpenAI",
    dialect="openai",
    docs="https://learn.microsoft.com/azure/ai-foundry/openai/latest",
    base_url="https://{resource}.openai.azure.com/openai/v1",
    options={"resource": Option(env=("AZURE_OPENAI_RESOURCE", "AZURE_RESOURCE_NAME"))},
    paths=OPENAI_PATHS,
    also={"responses": {"chat": "/responses"}},
    key_env=("AZURE_OPENAI_API_KEY",),
    key_required=False,
    auth="api-key",
    cloud="azure",
    passes=frozenset({"x-ms-client-request-id", "x-ms-oai-image-generation-deployment"}),
    stream_usage=True,
    can=frozenset(
        {
            *("chat", "stream", "tools", "parallel_tools", "structured_output", "vision", "audio_input", "reasoning"),
            *("caching", "completions", "embeddings"),
        }
    ),
    limits="azure",
)
