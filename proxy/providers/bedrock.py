"""AWS Bedrock: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html.

The operator gives the address, for it holds the region. A Bedrock API key is a bearer token.
"""

from proxy.providers import Provider

PROVIDER = Provider(
    dialect="bedrock",
    docs="https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html",
    paths={
        "chat": "/model/{model}/converse",
        "chat.stream": "/model/{model}/converse-stream",
        "count_tokens": "/model/{model}/count-tokens",
        "embeddings": "/model/{model}/invoke",
    },
    also={
        "bedrock_invoke": {"chat": "/model/{model}/invoke", "chat.stream": "/model/{model}/invoke-with-response-stream"}
    },
    passes=frozenset(
        {
            "x-amzn-bedrock-guardrailidentifier",
            "x-amzn-bedrock-guardrailversion",
            "x-amzn-bedrock-trace",
        }
    ),
    key_env=("AWS_BEARER_TOKEN_BEDROCK",),
    models=("anthropic.*", "amazon.*", "us.*.*", "eu.*.*", "apac.*.*", "global.*.*"),
)
