"""Where each provider is, written down a second time from its own pages: what a slip in a provider's file is held against.

A provider without a row here is tested all the same, against its own file.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple


class Place(NamedTuple):
    """`chat` is the whole address of a chat, with options filled in as the page's example has them, `{}` around their names;
    `key` the header that holds the key, and what stands before it.
    """

    chat: str
    key: tuple[str, str] = ("authorization", "Bearer ")


#: Of the kinds whose address the operator gives, the path alone.
PLACES: Mapping[str, Place] = {
    "ai21": Place("https://api.ai21.com/studio/v1/chat/completions"),
    "anthropic": Place("https://api.anthropic.com/v1/messages", ("x-api-key", "")),
    "bedrock": Place("https://bedrock-runtime.{region}.amazonaws.com/model/{model}/converse"),
    "bedrock_openai": Place("https://bedrock-runtime.{region}.amazonaws.com/openai/v1/chat/completions"),
    "cerebras": Place("https://api.cerebras.ai/v1/chat/completions"),
    "cloudflare": Place("https://api.cloudflare.com/client/v4/accounts/{account_id}/ai/v1/chat/completions"),
    "cohere": Place("https://api.cohere.com/v2/chat"),
    "databricks": Place("https://{host}/serving-endpoints/chat/completions"),
    "deepseek": Place("https://api.deepseek.com/chat/completions"),
    "docker_model_runner": Place("http://127.0.0.1:12434/engines/v1/chat/completions", ("", "")),
    "fireworks": Place("https://api.fireworks.ai/inference/v1/chat/completions"),
    "gateway": Place("/chat/completions"),
    "gemini": Place(
        "https://generativelanguage.googleapis.com/v1beta/models/{model}:generateContent", ("x-goog-api-key", "")
    ),
    "groq": Place("https://api.groq.com/openai/v1/chat/completions"),
    "huggingface": Place("https://router.huggingface.co/v1/chat/completions"),
    "llamacpp": Place("http://127.0.0.1:8080/v1/chat/completions"),
    "lmstudio": Place("http://127.0.0.1:1234/v1/chat/completions"),
    "mistral": Place("https://api.mistral.ai/v1/chat/completions"),
    "nvidia": Place("https://integrate.api.nvidia.com/v1/chat/completions"),
    "ollama": Place("http://127.0.0.1:11434/api/chat"),
    "openai": Place("https://api.openai.com/v1/chat/completions"),
    "openai_compatible": Place("/chat/completions"),
    "openai_responses": Place("https://api.openai.com/v1/responses"),
    "openrouter": Place("https://openrouter.ai/api/v1/chat/completions"),
    "perplexity": Place("https://api.perplexity.ai/v1/responses"),
    "runpod": Place("https://api.runpod.ai/v2/{endpoint_id}/openai/v1/chat/completions"),
    "sambanova": Place("https://api.sambanova.ai/v1/chat/completions"),
    "together": Place("https://api.together.ai/v1/chat/completions"),
    "vllm": Place("http://127.0.0.1:8000/v1/chat/completions"),
    "xai": Place("https://api.x.ai/v1/chat/completions"),
}


class Quirks(NamedTuple):
    """`refuses`, `accepts`, `passes`, the names of `amends` in a string each; `bounds` holds what is fixed and what is cut."""

    refuses: str = ""
    renames: Mapping[str, str] = {}
    bounds: Mapping[str, Any] = {}
    accepts: str = ""
    passes: str = ""
    amends: str = ""


OPENAI_HEADERS = "openai-beta idempotency-key x-client-request-id"
GUARDRAIL = "x-amzn-bedrock-guardrailidentifier x-amzn-bedrock-guardrailversion x-amzn-bedrock-trace"
ONLY_MAX_TOKENS = {"max_completion_tokens": "max_tokens"}
#: What each does otherwise than OpenAI; who has no row here does nothing otherwise.
QUIRKS: Mapping[str, Quirks] = {
    "ai21": Quirks(renames=ONLY_MAX_TOKENS),
    "anthropic": Quirks(passes="anthropic-beta anthropic-version"),
    "bedrock": Quirks(passes=GUARDRAIL),
    "bedrock_openai": Quirks(passes=GUARDRAIL),
    "cerebras": Quirks(
        "frequency_penalty presence_penalty logit_bias audio metadata modalities store safety_identifier verbosity "
        "web_search_options messages.reasoning_content",
    ),
    "deepseek": Quirks(renames=ONLY_MAX_TOKENS),
    "docker_model_runner": Quirks(accepts="top_k"),
    "fireworks": Quirks(accepts="top_k"),
    "gateway": Quirks(
        accepts="top_k",
        passes=f"{OPENAI_HEADERS} anthropic-beta anthropic-version x-litellm-tags x-litellm-timeout "
        "x-litellm-stream-timeout x-litellm-num-retries x-litellm-spend-logs-metadata x-litellm-customer-id "
        "x-litellm-end-user-id x-litellm-enable-message-redaction x-portkey-trace-id x-portkey-metadata "
        "x-portkey-cache-force-refresh",
    ),
    "groq": Quirks(
        "logprobs logit_bias top_logprobs audio modalities prediction prompt_cache_key safety_identifier verbosity "
        "web_search_options messages.name messages.reasoning_content",
        bounds={"n": 1},
    ),
    "huggingface": Quirks(passes="x-hf-bill-to"),
    "llamacpp": Quirks(accepts="top_k", amends="tool_choice"),
    "lmstudio": Quirks(accepts="top_k"),
    "mistral": Quirks(
        "audio logit_bias modalities safety_identifier store stream_options user verbosity web_search_options "
        "messages.name messages.reasoning_content",
        {**ONLY_MAX_TOKENS, "seed": "random_seed"},
        {"temperature": (0, 1.5)},
        "top_k",
        amends="service_tier",
    ),
    "nvidia": Quirks(renames=ONLY_MAX_TOKENS),
    "openai": Quirks(passes=OPENAI_HEADERS),
    "openai_compatible": Quirks(accepts="top_k"),
    "openai_responses": Quirks(passes=OPENAI_HEADERS),
    "openrouter": Quirks(accepts="top_k", passes="http-referer x-title x-openrouter-title x-openrouter-categories"),
    "perplexity": Quirks(
        "metadata parallel_tool_calls safety_identifier top_logprobs user", amends="response_format verbosity"
    ),
    "runpod": Quirks(accepts="top_k"),
    "sambanova": Quirks(accepts="top_k"),
    "together": Quirks(renames=ONLY_MAX_TOKENS, accepts="top_k"),
    "vllm": Quirks(accepts="top_k"),
    "xai": Quirks("presence_penalty frequency_penalty stop", passes="x-grok-conv-id"),
}
#: Kinds of which nothing can be asked that costs nothing and needs the key, and why.
NO_PROBE: Mapping[str, str] = {
    **dict.fromkeys(("bedrock", "bedrock_openai"), "models are listed by another host"),
    **dict.fromkeys(("azure_anthropic", "azure_foundry"), "a resource is listed by another API"),
    **dict.fromkeys(
        ("vertex", "vertex_anthropic", "vertex_express", "vertex_openai"), "models are listed by another API"
    ),
    "ai21": "no such thing is documented",
    "cloudflare": "it answers a GET there with a 405",
    "databricks": "a workspace's endpoints are listed by another API",
    "jina": "it lists no models",
    "runpod": "every request wakes a worker",
    "voyage": "it lists no models",
}
#: Bare names of models, and whose they are; "" for those that several hosts have.
OWNERS: Mapping[str, str] = {
    **dict.fromkeys(("gpt-5-mini", "gpt-4o", "o3-mini", "chatgpt-4o-latest", "text-embedding-3-small"), "openai"),
    **dict.fromkeys(("claude-opus-4-5", "claude-sonnet-4-5"), "anthropic"),
    **dict.fromkeys(("mistral-small-latest", "ministral-3b-latest", "codestral-latest", "mistral-embed"), "mistral"),
    **dict.fromkeys(("deepseek-v4-pro", "deepseek-flash"), "deepseek"),
    **dict.fromkeys(("command-a-03-2025", "embed-v4.0", "embed-english-v3.0", "rerank-v3.5"), "cohere"),
    **dict.fromkeys(("us.amazon.nova-2-lite-v1:0", "anthropic.claude-3-opus-20240229-v1:0"), "bedrock"),
    "gemini-2.5-flash": "gemini",
    "grok-4.7": "xai",
    "jamba-large": "ai21",
    "@cf/meta/llama-3.3-70b-instruct-fp8-fast": "cloudflare",
    **dict.fromkeys(("gpt-oss-120b", "llama-3.3-70b-versatile", "qwen3:4b", "deepseek-r1:7b", "kimi-k2"), ""),
}
