"""Groq: https://console.groq.com/docs/openai lists what it answers with a 400.

So it answers whatever it does not know; what it knows is CompletionCreateParams in https://github.com/groq/groq-python. What its
models thought stands in `reasoning` (https://console.groq.com/docs/reasoning), and `reasoning_content` is unknown to it.

Rate limits: https://console.groq.com/docs/rate-limits; there `requests` are those of a day and `tokens` those of a minute.
"""

from proxy.providers import Provider

PROVIDER = Provider(
    title="Groq",
    dialect="openai",
    docs="https://console.groq.com/docs/openai",
    base_url="https://api.groq.com/openai/v1",
    paths={
        "chat": "/chat/completions",
        "models": "/models",
        "transcriptions": "/audio/transcriptions",
        "translations": "/audio/translations",
        "speech": "/audio/speech",
    },
    key_env=("GROQ_API_KEY",),
    refuses=frozenset(
        {
            *("logprobs", "logit_bias", "top_logprobs", "audio", "modalities", "prediction", "prompt_cache_key"),
            *("safety_identifier", "verbosity", "web_search_options", "messages.name", "messages.reasoning_content"),
        }
    ),
    fixed={"n": 1},
    stream_usage=True,
    can=frozenset(
        {
            *("chat", "stream", "tools", "parallel_tools", "structured_output", "vision", "reasoning", "caching"),
            *("transcriptions", "speech"),
        }
    ),
    limits="openai",
)
