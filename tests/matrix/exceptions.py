"""What recorded traffic may lose on its way through the hub, and why. Each entry must be needed: an unused one fails.

Patterns are regular expressions that match a whole name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Row(NamedTuple):
    """`where` is a recording, `what` a path of its request, `why` the reason for which it may differ."""

    where: str
    what: str
    why: str


#: Requests that their own dialect says otherwise when they have been through the hub. A relay never is.
REQUESTS: tuple[Row, ...] = (
    Row("anthropic/stream-tool-result-llm-rb-.*", "messages", "two user messages in a row become one turn"),
    Row("azure/reasoning-roundtrip-.*", r"input\[2\]\.content", "one part of plain text is the same as a string"),
    Row("(openai-responses|xai)/.*", r"input\[\d+\]\.type", "`message` is what an item with a role is anyway"),
    Row("openai-responses/.*", "input", "a string is one message of the user"),
    Row("openai-responses/prompt-cache-.*", r".*\.logprobs", "an empty list says nothing"),
    Row(
        "bedrock-converse/reasoning-roundtrip-.*",
        r"additionalModelRequestFields\.(reasoning_config|thinking)|inferenceConfig",
        "Claude takes `thinking` as well as `reasoning_config`, and a limit that leaves room for it",
    ),
    Row("bedrock-converse/refusal-safety-openllmetry-.*", "messages", "two user messages in a row become one turn"),
    Row(
        "bedrock-converse/stream-error-req_llm-.*",
        r"invalid_request messages\[0\]\.content\[1\]\.image\.source\.bytes",
        "a text that is called a PNG; the provider refused it too",
    ),
    Row("cohere/structured-.*", r"response_format\.(json_)?schema", "the same member by its newer name"),
    Row("deepseek/tool-result-llm-rb-.*", r".*\.(id|tool_call_id)", "OpenAI refuses an id of more than 40 characters"),
    Row("gemini/(document|reasoning)-ellmer-.*", "systemInstruction", "an instruction of empty words is none"),
    Row("(gemini|vertex)/.*", r"systemInstruction\.role", "a system instruction has no role"),
    Row("gemini/.*", r"contents\[0\]\.parts\[0\]\.thought", "what is no thought need not say so"),
    Row("gemini/stream-basic-mirascope-.*", r".*\.includeThoughts", "thoughts are not shown unless it is asked for"),
    Row("(gemini|vertex)/.*", r".*\.thinkingLevel", "the word in capitals, as the enumeration has it"),
    Row(
        "(gemini|vertex)/.*",
        r"tools\[\d\]\.functionDeclarations\[\d\]\.parameters(JsonSchema)?|generationConfig\.response(Json)?Schema",
        "Google's subset of OpenAPI becomes the JSON schema that says the same",
    ),
    Row("gemini/vision-base64-.*", r".*\.inlineData\.data", "the usual alphabet of base64 for the one of URLs"),
    Row("ollama/stream-structured-.*", r"(options\.)?temperature", "Ollama reads it in `options` only"),
    Row("ollama/tool-result-rig-.*", r".*\.(id|tool_call_id)", "calls without ids get some, and so do their results"),
    Row("openrouter/stream-tool-call-.*", "reasoning", "`reasoning.max_tokens` is OpenRouter's own, and a relay's"),
)

#: Aspects of an answer that a dialect has no word for: dialect -> {aspect: reason}.
NO_ENCRYPTED = {"encrypted": "only the Responses API takes its reasoning back"}
NO_SIGNATURES = {"signatures": "no field for Claude's signatures, which only Claude takes back"}
NO_REFUSAL = {"refusal": "a refusal is said as text", "text": "a refusal is said as text"}
ONE_ANSWER = {r"(finish|text)\[1\]": "one answer to one question; nobody can ask for two in this dialect"}
NO_CACHE_WRITE = {r"usage\.(cache_write|input)": "what is written to a cache counts as input"}
NO_PICTURES = {r"usage\.(image_input|image_output|input|output)": "tokens of pictures are counted with the rest"}
NO_REASONING_COUNT = {r"usage\.(reasoning|output)": "reasoning counts as output"}
LOSSES: Mapping[str, Mapping[str, str]] = {
    "openai": {},
    "responses": ONE_ANSWER | NO_PICTURES,
    "anthropic": NO_ENCRYPTED | NO_REFUSAL | ONE_ANSWER | NO_PICTURES,
    "gemini": NO_ENCRYPTED | NO_SIGNATURES | NO_REFUSAL | NO_CACHE_WRITE,
    "bedrock": NO_ENCRYPTED | NO_REFUSAL | ONE_ANSWER | NO_REASONING_COUNT | NO_PICTURES,
    "ollama": NO_ENCRYPTED
    | NO_SIGNATURES
    | NO_REFUSAL
    | ONE_ANSWER
    | NO_CACHE_WRITE
    | NO_REASONING_COUNT
    | NO_PICTURES,
    "cohere": NO_ENCRYPTED | NO_SIGNATURES | NO_REFUSAL | ONE_ANSWER | NO_CACHE_WRITE | NO_PICTURES,
}
#: What says the same in another frame loses the same.
FAMILIES: Mapping[str, str] = {
    "gemini_array": "gemini",
    "gemini_one": "gemini",
    "bedrock_invoke": "anthropic",
    "vertex_claude": "anthropic",
    "vertex_gemini": "gemini",
    "ollama_generate": "ollama",
    "ollama_legacy": "ollama",
}


class Loss(NamedTuple):
    """`where` is a recording, `client` the dialect it is said in, `what` the aspect, or the kind of the Failure."""

    where: str
    client: str
    what: str
    why: str


#: What single answers lose besides.
ANSWERS: tuple[Loss, ...] = (
    Loss(
        "openai/legacy-function-call-.*",
        "(?!openai).*",
        "finish",
        "functions of 2023 can be asked for in OpenAI's dialect only",
    ),
    Loss(
        "openai/tool-call-dd-trace-py-chat-completion-custom-.*|openai-responses/tool-call-dd-trace-py-response-custom-.*",
        "(?!openai|responses).*",
        "provider_error",
        "a custom tool, which can be asked for in OpenAI's dialects only, takes text that is no JSON object",
    ),
    Loss(
        "snowflake/stream-basic-.*",
        "(?!openai|cohere|anthropic).*",
        "finish",
        "the provider gave no reason, and these dialects need one",
    ),
    Loss("anthropic/redacted-thinking-rig-.*", "bedrock", "signatures", "the recorder's word REDACTED is no base64"),
    Loss(
        "openai-responses/stream-max-tokens-mirascope-.*",
        "(gemini|ollama|vertex_gemini).*",
        "calls",
        "a call that the limit has cut, where arguments are an object and never half of one",
    ),
    Loss("openai-compat-local/tool-call-llm-rb-.*", "bedrock", "text", "text that is blank has no block"),
)

#: What the written cases lose between a target and a client; `where` is a case.
PAIRS: tuple[Loss, ...] = (
    Loss(
        "usage_buckets",
        "(?!openai|gemini|vertex_gemini).*",
        r"usage\.(audio_input|audio_output|input|output)",
        "audio is not counted apart",
    ),
    Loss(
        "thought_signature",
        "(?!openai|gemini|vertex_gemini).*",
        "thought_signatures",
        "Gemini's answers alone have it in the call's id",
    ),
)
