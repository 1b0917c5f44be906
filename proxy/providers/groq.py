"""Groq: https://console.groq.com/docs/openai.

Its documentation lists what it answers with a 400: `logprobs`, `logit_bias`, `top_logprobs`, `messages[].name`, and `n`
other than 1. The last two are left to Groq's own words: a field can be refused here only whole.
"""

from proxy.providers import Provider

PROVIDER = Provider(
    dialect="openai",
    docs="https://console.groq.com/docs/openai",
    base_url="https://api.groq.com/openai/v1",
    key_env=("GROQ_API_KEY",),
    refuses=frozenset({"logprobs", "logit_bias", "top_logprobs"}),
    stream_usage=True,
)
