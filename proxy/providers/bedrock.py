"""Amazon Bedrock by its Converse API: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html.

A Bedrock API key is a bearer token; where there is none, AWS credentials sign. The runtime lists no models: that is another
host's (https://docs.aws.amazon.com/bedrock/latest/APIReference/API_ListFoundationModels.html). A model is `vendor.name`
(https://docs.aws.amazon.com/bedrock/latest/userguide/models-supported.html), or before that the place of an inference profile
(https://docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles-support.html); an ARN wants `bedrock:` before it.
"""

from proxy.providers import Option, Provider

VENDORS = (
    *("ai21", "amazon", "anthropic", "cohere", "deepseek", "google", "luma", "meta", "minimax", "mistral", "moonshot"),
    *("moonshotai", "nvidia", "openai", "qwen", "stability", "twelvelabs", "writer", "zai"),
)
PLACES = ("us", "us-gov", "eu", "apac", "jp", "au", "in", "global")

PROVIDER = Provider(
    title="Amazon Bedrock",
    dialect="bedrock",
    docs="https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html",
    base_url="https://bedrock-runtime.{region}.amazonaws.com",
    options={"region": Option(env=("AWS_REGION", "AWS_DEFAULT_REGION"))},
    paths={
        "chat": "/model/{model}/converse",
        "chat.stream": "/model/{model}/converse-stream",
        "count_tokens": "/model/{model}/count-tokens",
        "embeddings": "/model/{model}/invoke",
    },
    also={
        "bedrock_invoke": {"chat": "/model/{model}/invoke", "chat.stream": "/model/{model}/invoke-with-response-stream"}
    },
    passes=frozenset({"x-amzn-bedrock-guardrailidentifier", "x-amzn-bedrock-guardrailversion", "x-amzn-bedrock-trace"}),
    key_env=("AWS_BEARER_TOKEN_BEDROCK",),
    cloud="aws",
    models=(*(f"{vendor}.*" for vendor in VENDORS), *(f"{place}.*.*" for place in PLACES)),
    can=frozenset(
        {
            *("chat", "stream", "tools", "parallel_tools", "structured_output", "vision", "documents"),
            *("reasoning", "caching", "embeddings"),
        }
    ),
    lists="",
)
