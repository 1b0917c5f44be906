"""Every recorded error: the kind it is, words of the provider's that must reach the application, when to come back in seconds.

Read from the recordings by hand; the second table holds the errors that came inside of a stream that began with 200.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Wrong(NamedTuple):
    kind: str
    words: str
    retry_after: float | None = None


ERRORS: Mapping[str, Wrong] = {
    "anthropic/error-400-activeagent-anthropic-json-0": Wrong(
        "invalid_request", "This model does not support assistant message prefill. The"
    ),
    "anthropic/error-401-dd-trace-py-anthropic-v1-messages-beta-true-post-7a2e596-0": Wrong(
        "authentication_failed", "invalid x-api-key"
    ),
    "anthropic/error-404-braintrust-test-anthropic-client-error-0": Wrong(
        "model_not_found", "model: there-is-no-such-model"
    ),
    "anthropic/error-429-issue-claude-code-issues-71503-0": Wrong(
        "provider_rate_limited", "This request would exceed your account's rate limit. Please try again"
    ),
    "anthropic/error-500-issue-claude-code-issues-8104-0": Wrong("provider_error", "Overloaded"),
    "anthropic/error-529-issue-claude-code-issues-35792-0": Wrong("provider_overloaded", "Overloaded"),
    "anthropic/error-529-issue-claude-code-issues-39757-0": Wrong(
        "provider_overloaded", "Overloaded. https://docs.claude.com/en/api/errors"
    ),
    "azure/error-400-issue-compl-ai-issues-20-0": Wrong(
        "invalid_request", "The response was filtered due to the prompt triggering Azure OpenAI's"
    ),
    "azure/error-401-ruby_llm-chat-error-handling-with-azure-grok-4-1-fast-0": Wrong(
        "authentication_failed", "Access denied due to invalid subscription key or wrong API endpoint."
    ),
    "azure/error-404-openllmetry-test-chat-reasoning-1": Wrong(
        "model_not_found", "The API deployment for this resource does not exist. If you created"
    ),
    "azure/error-429-ruby_llm-chat-real-error-scenarios-azure-grok-4-1-fas-0": Wrong(
        "provider_rate_limited", "Your requests to grok-4-1-fast-non-reasoning for", 0.0
    ),
    "bedrock-converse/error-400-openinference-should-handle-api-error-scenarios-0": Wrong(
        "model_not_found", "The provided model identifier is invalid."
    ),
    "bedrock-converse/error-403-ruby_llm-chat-error-handling-with-bedrock-amazon-nova-0": Wrong(
        "authentication_failed", "The security token included in the request is invalid."
    ),
    "bedrock-converse/error-429-issue-amazon-bedrock-client-for-mac-issues-99-0": Wrong(
        "provider_rate_limited", "Too many tokens, please wait before trying again."
    ),
    "cohere/error-400-ruby_llm-chat-real-error-scenarios-cohere-command-a-0-0": Wrong(
        "invalid_request", "too many tokens: size limit exceeded by 25836 tokens. Try using"
    ),
    "deepseek/error-400-ruby_llm-chat-real-error-scenarios-deepseek-deepseek-0": Wrong(
        "invalid_request", "This model's maximum context length is 1048565 tokens. However, you"
    ),
    "gemini/error-400-llm-rb-unauthorized-response-0": Wrong(
        "authentication_failed", "API key not valid. Please pass a valid API key."
    ),
    "gemini/error-403-firebase-unary-failure-generativelanguage-api-not-ena-0": Wrong(
        "authentication_failed", "Generative Language API has not been used in project 12345678 before"
    ),
    "gemini/error-404-mirascope-wraps-api-errors-on-stream-call-0": Wrong(
        "model_not_found", "models/invalid-model-that-does-not-exist-12345 is not found for API"
    ),
    "gemini/error-503-issue-gemini-cli-issues-15745-0": Wrong(
        "provider_overloaded", "The model is overloaded. Please try again later."
    ),
    "groq/error-400-pydantic-ai-test-tool-use-failed-error-with-text-0": Wrong(
        "invalid_request", "Tool choice is required, but model did not call a tool"
    ),
    "groq/error-429-issue-mindcraft-pull-188-0": Wrong(
        "provider_rate_limited", "Rate limit reached for model `llama3-70b-8192` in organization", 17.359
    ),
    "mistral/error-400-rig-streaming-error-carries-the-correlation-id-0": Wrong(
        "model_not_found", "Invalid model: definitely-not-a-model"
    ),
    "mistral/error-401-ruby_llm-chat-error-handling-with-mistral-mistral-sma-0": Wrong(
        "authentication_failed", "Invalid API Key"
    ),
    "mistral/error-422-issue-openclaude-issues-739-0": Wrong(
        "invalid_request", "body.store: Extra inputs are not permitted;"
    ),
    "mistral/error-429-issue-extensions-issues-31107-0": Wrong("provider_rate_limited", "Rate limit exceeded"),
    "ollama/error-404-openinference-test-chat-error-records-model-name-0": Wrong(
        "model_not_found", "model 'nonexistent-model:latest' not found"
    ),
    "openai/error-400-dd-trace-py-openai-completions-post-48ee296c-0": Wrong(
        "invalid_request", "Invalid token in prompt: 123456. Minimum value is 0, maximum value is"
    ),
    "openai/error-401-mirascope-openai-gpt-4o-completions-0": Wrong(
        "authentication_failed", "Incorrect API key provided: invalid-*****2345. You can find your API"
    ),
    "openai-responses/error-400-otel-test-responses-create-api-error-content-mode-0": Wrong(
        "model_not_found", "The requested model 'this-model-does-not-exist' does not exist."
    ),
    "openai-responses/error-401-chatlas-test-parallel-chat-error-stop-mode-0": Wrong(
        "authentication_failed", "Incorrect API key provided: test. You can find your API key at"
    ),
    "openrouter/error-401-ruby_llm-chat-error-handling-with-openrouter-claude-h-0": Wrong(
        "authentication_failed", "Missing Authentication header"
    ),
    "openrouter/error-429-langchaingo-testopenrouterstreaming-1": Wrong(
        "provider_rate_limited", "Rate limit exceeded:", 26.0
    ),
    "perplexity/error-400-ruby_llm-chat-real-error-scenarios-perplexity-sonar-h-0": Wrong(
        "invalid_request", "The total length of all messages is too long."
    ),
    "vertex/error-400-pydantic-ai-test-multimodal-tool-return-matrix-direct-ur-2": Wrong(
        "invalid_request", "Cannot fetch content from the provided URL. Please ensure the URL is"
    ),
    "vertex/error-401-adk-go-testmodel-trackingheaders-verifies-headers-a-0": Wrong(
        "authentication_failed", "API keys are not supported by this API. Expected OAuth2 access token"
    ),
    "vertex/error-404-firebase-unary-failure-invalid-location-url-not-found-0": Wrong(
        "model_not_found", "Error 404 (Not Found)"
    ),
    "xai/error-400-ruby_llm-chat-error-handling-with-xai-grok-4-1-fast-n-0": Wrong(
        "authentication_failed", "Incorrect API key provided. You can obtain an API key from"
    ),
}
IN_STREAMS: Mapping[str, Wrong] = {
    "anthropic/stream-error-issue-gptel-pull-1512-0": Wrong("provider_overloaded", "Overloaded"),
    "bedrock-converse/stream-error-req_llm-converse-stream-validation-exception-0": Wrong(
        "invalid_request", "The detected file MIME type text/plain does not match the expected type image/png."
    ),
    "cohere/stream-error-langchain-cohere-test-sql-agent-1": Wrong(
        "provider_error", "your request resulted in an invalid tool generation"
    ),
    "groq/stream-error-pydantic-ai-test-tool-use-failed-error-streaming-0": Wrong(
        "invalid_request", "Tool call validation failed"
    ),
    "openai-responses/stream-error-prism-stream-rate-limited-1-0": Wrong(
        "provider_rate_limited", "Request too large for gpt-4o"
    ),
}
