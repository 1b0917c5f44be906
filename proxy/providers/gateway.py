"""Another gateway as a provider: LiteLLM, Portkey, one more Outrider.

The operator gives the address, which ends in `/v1`, and the key: a variable of one gateway's is not for another.
It takes OpenAI's, Anthropic's and Responses requests, so each caller is relayed in its own words. What labels a request goes on
(https://docs.litellm.ai/docs/proxy/request_headers, https://portkey.ai/docs/api-reference/headers); what chooses a provider or
holds a key there does not: that is the operator's to say, under `headers`. A gateway that knows chat completions alone is an
`openai_compatible`.
"""

from proxy.providers import BESIDES, CAPABILITIES, Provider, openai_paths

PROVIDER = Provider(
    title="LLM gateway",
    dialect="openai",
    docs="https://docs.litellm.ai/docs/proxy/request_headers",
    paths=openai_paths(*BESIDES),
    also={"anthropic": {"chat": "/messages"}, "responses": {"chat": "/responses"}},
    key_required=False,
    accepts=frozenset({"top_k"}),
    passes=frozenset(
        {
            *("openai-beta", "idempotency-key", "x-client-request-id", "anthropic-beta", "anthropic-version"),
            *("x-litellm-tags", "x-litellm-timeout", "x-litellm-stream-timeout", "x-litellm-num-retries"),
            *("x-litellm-spend-logs-metadata", "x-litellm-customer-id", "x-litellm-end-user-id"),
            *("x-litellm-enable-message-redaction", "x-portkey-trace-id", "x-portkey-metadata"),
            "x-portkey-cache-force-refresh",
        }
    ),
    stream_usage=True,
    can=frozenset(CAPABILITIES),
    limits="openai",
)
