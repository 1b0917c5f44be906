"""OpenAI: https://platform.openai.com/docs/api-reference/chat.

Its open models (`gpt-oss-*`) run at others and are not claimed. https://platform.openai.com/docs/guides/rate-limits.
"""

from proxy.providers import RESPONSES_PATHS, Provider, openai_paths

PROVIDER = Provider(
    title="OpenAI",
    dialect="openai",
    docs="https://platform.openai.com/docs/api-reference/chat",
    base_url="https://api.openai.com/v1",
    paths=openai_paths("images", "image_edits", "transcriptions", "translations", "speech", "moderations"),
    also={"responses": RESPONSES_PATHS},
    key_env=("OPENAI_API_KEY",),
    passes=frozenset({"openai-beta", "idempotency-key", "x-client-request-id"}),
    models=(
        *("gpt-[!o]*", "chatgpt-*", "o1*", "o3*", "o4*", "ft:gpt-*", "davinci-*", "babbage-*"),
        *("text-embedding-3-*", "text-embedding-ada-*", "omni-moderation-*"),
        *("dall-e-*", "whisper-1*", "tts-1*"),
    ),
    stream_usage=True,
    can=frozenset(
        {
            *("chat", "stream", "tools", "parallel_tools", "structured_output", "vision", "documents", "audio_input"),
            *("reasoning", "caching", "completions", "embeddings", "images", "transcriptions", "speech"),
            "moderations",
        }
    ),
    limits="openai",
)
