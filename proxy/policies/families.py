"""The metrics of calls: the name of each, what it says, and how it is read from what is counted of a provider and model.

The first ones, `llm_*` and `provider_*`, keep the names under which dashboards know them. How calls are counted, and how
samples are written, is not its affair.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from proxy.policies.series import Series


class Family(NamedTuple):
    """One metric. `read` gives its value in a series; with `label`, its values by that label."""

    name: str
    help: str
    read: Callable[[Series], Any]
    label: str = ""


COUNTERS = (
    Family("llm_requests_total", "Calls that have ended, well or not.", lambda s: s.total),
    Family("llm_requests_success", "Calls that ended well.", lambda s: s.success),
    Family("llm_requests_failure", "Calls that did not end well, by kind of failure.", lambda s: s.failures, "kind"),
    Family("llm_tokens_prompt", "Tokens sent to the model, cached ones included.", lambda s: s.usage.prompt),
    Family("llm_tokens_completion", "Tokens the model made, reasoning included.", lambda s: s.usage.completion),
    Family("provider_request_total", "Calls for which a provider was asked.", lambda s: s.upstream.count),
    Family(
        "provider_error_total", "Calls that failed by the provider or its key.", lambda s: s.provider_errors, "kind"
    ),
    Family("outrider_tokens_total", "Tokens in disjoint buckets.", lambda s: s.tokens, "bucket"),
    Family("outrider_tokens_estimated_total", "Those of them that no provider reported.", lambda s: s.estimated),
    Family("outrider_cost_dollars_total", "Dollars spent, as far as prices are known.", lambda s: float(s.cost)),
    Family("outrider_price_unknown_total", "Answers whose price is not known.", lambda s: s.unpriced),
    Family("llm_cache_hits", "Calls answered by the cache.", lambda s: s.cache.get("hit", 0)),
    Family("llm_cache_misses", "Calls whose answer the cache did not have.", lambda s: s.cache.get("miss", 0)),
    Family(
        "outrider_cache_calls_total",
        "Calls by what the cache did: hit, miss, shared, bypass.",
        lambda s: s.cache,
        "cache",
    ),
    Family("outrider_cache_saved_tokens_total", "Tokens of answers that were told again.", lambda s: s.saved),
    Family("outrider_attempts_total", "Attempts made at providers, retries included.", lambda s: s.attempts),
    Family(
        "outrider_stream_cut_total", "Streams the provider cut.", lambda s: s.failures.get("provider_stream_cut", 0)
    ),
    Family("outrider_client_gone_total", "Calls the application abandoned, by phase.", lambda s: s.gone, "phase"),
)

HISTOGRAMS = (
    Family(
        "llm_request_duration_seconds", "From a call's arrival to the end of its answer.", lambda s: s.duration.read()
    ),
    Family("provider_request_duration", "Seconds of a call spent at the provider.", lambda s: s.upstream.read()),
    Family("outrider_time_to_first_token_seconds", "Until the model first said something.", lambda s: s.ttft.read()),
    Family("outrider_inter_token_seconds", "Between two tokens of a stream, on average.", lambda s: s.pace.read()),
    Family("outrider_overhead_seconds", "Time added to a call that ended well.", lambda s: s.overhead.read()),
)
