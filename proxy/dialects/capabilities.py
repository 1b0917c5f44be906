"""The rows of the table in docs/unified.md: everything a unified request can say.

A dialect's `support` names for each row how it says it. What it leaves out is not expressible.
"""

from __future__ import annotations

#: Fields of a request, by their unified names.
FIELDS = (
    "model",
    "messages",
    "system",
    "max_tokens",
    "max_completion_tokens",
    "temperature",
    "top_p",
    "top_k",
    "frequency_penalty",
    "presence_penalty",
    "seed",
    "stop",
    "stop_sequences",
    "n",
    "logprobs",
    "top_logprobs",
    "logit_bias",
    "stream",
    "stream_options",
    "tools",
    "tools.strict",
    "tool_choice",
    "tool_choice.named",
    "tool_choice.allowed_tools",
    "parallel_tool_calls",
    "response_format.json_object",
    "response_format.json_schema",
    "reasoning_effort",
    "reasoning.effort",
    "reasoning.budget_tokens",
    "reasoning.enabled",
    "cache_control",
    "user",
    "safety_identifier",
    "metadata",
    "service_tier",
    "modalities",
    "audio",
    "prediction",
    "store",
    "verbosity",
    "web_search_options",
    "prompt_cache_key",
    "timeout",
    "fallbacks",
    "cache",
)

#: Roles, parts and members of messages. `image.url` is a web address, `image.base64` content by value; `file.id` lies with the
#: provider. A tool's result may be text, parts, an error.
MESSAGES = (
    "messages.system",
    "messages.developer",
    "messages.name",
    "messages.text",
    "messages.refusal",
    "messages.image.base64",
    "messages.image.url",
    "messages.image.detail",
    "messages.file.pdf",
    "messages.file.text",
    "messages.file.url",
    "messages.file.id",
    "messages.input_audio",
    "messages.video_url",
    "messages.tool_calls",
    "messages.tool.text",
    "messages.tool.image",
    "messages.tool.is_error",
    "messages.reasoning_content",
    "messages.thinking_blocks.thinking",
    "messages.thinking_blocks.redacted_thinking",
    "messages.thinking_blocks.reasoning",
    "messages.thought_signature",
    "messages.cache_control",
    "messages.annotations",
)

ROWS = FIELDS + MESSAGES
