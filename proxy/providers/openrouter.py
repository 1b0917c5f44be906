"""OpenRouter: https://openrouter.ai/docs/api-reference/overview.

A 402 may pass: what is being spent at this moment is limited too, and that error says so and when to come again
(https://openrouter.ai/docs/api-reference/limits, where `/key` is described). Only an error's headers tell what is left.
"""

from collections.abc import Mapping

from proxy.call import Failure
from proxy.dialects.openai import errors
from proxy.providers import Provider

PASSING = b"in_flight_budget_exhausted"


def parse_error(status: int, headers: Mapping[str, str], body: bytes) -> Failure:
    failure = errors.parse_error(429 if status == 402 and PASSING in body else status, headers, body)
    failure.provider_status = status
    return failure


PROVIDER = Provider(
    title="OpenRouter",
    dialect="openai",
    docs="https://openrouter.ai/docs/api-reference/overview",
    base_url="https://openrouter.ai/api/v1",
    key_env=("OPENROUTER_API_KEY",),
    passes=frozenset({"http-referer", "x-title", "x-openrouter-title", "x-openrouter-categories"}),
    accepts=frozenset({"top_k"}),
    stream_usage=True,
    can=frozenset(
        {
            *("chat", "stream", "tools", "parallel_tools", "structured_output", "vision", "documents", "audio_input"),
            *("reasoning", "caching", "completions", "embeddings"),
        }
    ),
    limits="openrouter",
    lists="openrouter",
    probe="/key",
    parse_error=parse_error,
)
