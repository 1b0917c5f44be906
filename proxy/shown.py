"""What a running sidecar shows of itself: the ops port's answers and the gauges that are read at each scrape."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Any

from proxy import __version__, logs
from proxy.call import Call, Failure
from proxy.policies.breaker import CLOSED, HALF_OPEN, OPEN, State
from proxy.policies.scope import Kept, read_fill, read_limit, read_refusals, read_waits
from proxy.server.ops import OpsState
from proxy.shown_budgets import add_budget_gauges, budget_state
from proxy.shown_cache import Nobody, add_cache_gauges, cache_state, stats
from proxy.shown_entrance import add_entrance_gauges
from proxy.shown_log import add_log_counters, log_bounds
from proxy.shown_page import add_feed_counter, page_state, setup
from proxy.shown_process import add_process_gauges, bounds_of_process
from proxy.shown_providers import add_provider_gauges
from proxy.shown_traces import add_trace_counters, trace_bounds

if TYPE_CHECKING:
    from proxy.app import Sidecar

#: The states of a breaker as numbers; an alert is on 2.
STATES: Mapping[State, int] = {CLOSED: 0, HALF_OPEN: 1, OPEN: 2}
#: What an operator may say of a breaker.
FORCED: Mapping[str, State | None] = {"open": OPEN, "closed": CLOSED, "auto": None}


def ops_state(sidecar: Sidecar) -> OpsState:
    return OpsState(
        version=__version__,
        lag=sidecar.lag.current,
        started=lambda: bool(sidecar.addresses),
        not_ready=sidecar.not_ready,
        metrics=sidecar.metrics.blocks,
        uptime=sidecar.uptime,
        fingerprint=lambda: sidecar.current.fingerprint,
        providers=lambda: {name: road.pool.statistics() for name, road in sidecar.current.roads.by_name.items()},
        health=partial(health, sidecar),
        targets=partial(targets, sidecar),
        calls_in_flight=lambda: len(sidecar.gateway.calls),
        drain=sidecar.start_drain,
        quit=sidecar.quit,
        reload=sidecar.reloads.now,
        force=partial(force, sidecar),
        limits=partial(limits, sidecar),
        cache=cache_state(sidecar),
        more=partial(more, sidecar),
        feed=sidecar.feed,
        setup=partial(setup, sidecar),
        clean=sidecar.clean,
    )


def health(sidecar: Sidecar) -> dict[str, Any]:
    """Each provider: healthy while one of its targets may be asked; latency and error rate over all of them."""
    found = {}
    for name in sidecar.current.roads.by_name:
        its = [standing for provider, _, standing in sidecar.standings.all() if provider == name]
        latencies = [latency for standing in its if (latency := standing.latency) is not None]
        recent = [standing.recent for standing in its]
        ended, failed = sum(each.ended for each in recent), sum(each.failed for each in recent)
        found[name] = {
            "healthy": not its or any(standing.fit for standing in its),
            "latency_ms": round(sum(latencies) / len(latencies) * 1000, 1) if latencies else None,
            "error_rate": round(failed / ended, 4) if ended else 0.0,
            "reasons": sorted({reason for standing in its for reason in standing.reasons}),
        }
    return found


def targets(sidecar: Sidecar) -> dict[str, Any]:
    """How each target is doing that was asked since its rules came."""
    return {standing.name: standing.report() for _, _, standing in sidecar.standings.all()}


def more(sidecar: Sidecar) -> dict[str, Any]:
    """Members of the status that come from elsewhere."""
    limited = limits(sidecar, "")
    return {
        **limited,
        **sidecar.entrance.state(),
        "cache": stats(sidecar),
        **budget_state(sidecar),
        **page_state(sidecar),
    }


def force(sidecar: Sidecar, name: str, state: str) -> str | None:
    """Hold a target's breaker, or let it go; what is wrong with the wish, None where nothing is."""
    if state not in FORCED:
        return f"state must be one of {', '.join(FORCED)}"
    known = {standing.name: standing for _, _, standing in sidecar.standings.all()}
    if name not in known:
        return f"target must be one of {', '.join(known) or 'none yet: targets are known once they were asked'}"
    known[name].breaker.force(FORCED[state])
    return None


def limits(sidecar: Sidecar, model: str) -> dict[str, Any]:
    """Each limit by name: what is in use of how much. With a model: how many seconds a small call of it would wait now."""
    kept, now = sidecar.current.limits.kept, monotonic()
    full = read_limit(kept, now)
    found: dict[str, Any] = {"limits": {}}
    for (name, what), fill in read_fill(kept, now).items():
        found["limits"].setdefault(name, {})[what] = {"used": fill, "limit": full[name, what]}
    if model:
        try:
            found["wait_seconds"] = wait_for(sidecar, model)
        except Failure as failure:
            return {"error": failure.detail}
    return found


def wait_for(sidecar: Sidecar, model: str) -> float:
    call = Call(
        "", "openai", "chat", b"", {}, model, False, {}, Nobody(), targets=sidecar.current.router.resolve(model)
    )
    call.target = call.targets[0]
    policies = (sidecar.current.limits.caller, sidecar.current.limits.target)
    return round(max((policy.wait_for(call) for policy in policies if policy is not None), default=0.0), 3)


# ---- gauges


def add_gauges(
    sidecar: Sidecar, environ: Mapping[str, str], waiting: Callable[[], float], dropped: Callable[[], float]
) -> None:
    """`waiting` and `dropped` are the log's lines."""
    gauge, count = sidecar.metrics.gauge, sidecar.metrics.count
    gauge("outrider_loop_lag_seconds", "How late the event loop ran, at worst.", sidecar.lag.worst)
    connections = "Connections to providers, by state."
    gauge("outrider_connections", connections, lambda: sidecar.current.roads.connections(), ("provider", "state"))
    gauge("outrider_log_dropped", "Log lines lost because their reader is too slow.", dropped)
    add_log_counters(sidecar)
    fill = partial(bounds, sidecar, waiting)
    gauge("outrider_bound_fill", "How much of what is bounded is in use.", partial(fill, 0), ("bound",))
    gauge("outrider_bound_limit", "How much of it there may be.", partial(fill, 1), ("bound",))
    gauge("outrider_config_last_reload_seconds", "When it was, since the epoch.", lambda: sidecar.reloads.last)
    failed = "Whether what is on disk now has a fault, so that an older configuration goes on."
    gauge("outrider_config_reload_failed", failed, lambda: float(sidecar.reloads.failed))
    count(
        "outrider_config_reloads_total",
        "Configurations read anew, by what came of it.",
        lambda: {("taken",): sidecar.reloads.made, ("refused",): sidecar.reloads.refused},
        ("result",),
    )
    add_target_gauges(sidecar)
    add_attempt_counters(sidecar)
    add_limit_gauges(sidecar)
    add_cache_gauges(sidecar)
    add_budget_gauges(sidecar)
    add_feed_counter(sidecar)
    add_provider_gauges(sidecar)
    add_trace_counters(sidecar)
    add_process_gauges(sidecar, environ)
    add_entrance_gauges(sidecar)


def add_target_gauges(sidecar: Sidecar) -> None:
    gauge, of_target = sidecar.metrics.gauge, ("provider", "target_model")

    def each(read: Callable[[Any], float]) -> Callable[[], dict[tuple[str, ...], float]]:
        return lambda: {(name, model): read(standing) for name, model, standing in sidecar.standings.all()}

    state = "State of a target's breaker: 0 closed, 1 being tried, 2 open."
    gauge("outrider_breaker_state", state, each(lambda s: STATES[s.breaker.forced or s.breaker.state]), of_target)
    opened = "How often a target's breaker has opened."
    sidecar.metrics.count("outrider_breaker_opened_total", opened, lambda: sidecar.tallies.opened, of_target)
    gauge("outrider_target_in_flight", "Attempts on their way to a target.", each(lambda s: s.in_flight), of_target)
    gauge("outrider_target_healthy", "Whether a target may be asked now.", each(lambda s: float(s.fit)), of_target)
    made = "Attempts at a target that ended, well or by its fault."
    sidecar.metrics.count("outrider_target_attempts_total", made, each(lambda s: s.total), of_target)
    rate = "Share of a target's recent attempts that failed by its fault."
    gauge("outrider_target_error_rate", rate, each(lambda s: s.failure_rate), of_target)


def add_attempt_counters(sidecar: Sidecar) -> None:
    count, tallies = sidecar.metrics.count, sidecar.tallies
    by_kind = ("provider", "kind")
    retries = "Attempts made again, by the failure before."
    count("outrider_retries_total", retries, lambda: tallies.retries, by_kind)
    fallbacks = "Calls that went on to another model, by the failure before."
    count("outrider_fallbacks_total", fallbacks, lambda: tallies.fallbacks, by_kind)
    hedges = "Second attempts beside slow ones: made, won, and the estimated prompt tokens of the losers."
    count("outrider_hedges_total", hedges, lambda: tallies.hedges, ("what",))
    batches = "Embeddings that went up together: requests, calls in them, calls that went again alone."
    count("outrider_batching_total", batches, lambda: tallies.batches, ("what",))
    left = "Attempts that may be made again now, in all."
    sidecar.metrics.gauge("outrider_retry_budget_left", left, lambda: sidecar.current.retry.budget.left)
    refused = "Attempts that were not made again, because too many had been."
    count("outrider_retry_budget_refused_total", refused, lambda: tallies.refused, ("provider",))


def add_limit_gauges(sidecar: Sidecar) -> None:
    gauge, count, of_limit = sidecar.metrics.gauge, sidecar.metrics.count, ("limit", "what")

    def kept() -> Sequence[Kept]:
        return sidecar.current.limits.kept

    gauge("outrider_limit_fill", "How much of a limit is in use.", lambda: read_fill(kept(), monotonic()), of_limit)
    gauge("outrider_limit", "How much of it there is.", lambda: read_limit(kept(), monotonic()), of_limit)
    waits = "Calls that have waited for a limit, and seconds for which they have in all."
    count("outrider_limit_waits_total", waits, lambda: read_waits(kept()), of_limit)
    refusals = "Calls that a limit has refused."
    count("outrider_limit_refusals_total", refusals, lambda: read_refusals(kept()), ("limit", "reason"))
    store = "Whether the store through which pods share limits is there, how many pods share, and how often it went."
    gauge("outrider_sharing", store, partial(sharing, sidecar), ("what",))


def sharing(sidecar: Sidecar) -> dict[tuple[str, ...], float]:
    shares = sidecar.current.limits.shares
    if shares is None:
        return {}
    return {("live",): float(shares.live), ("pods",): shares.pods, ("outages",): shares.outages}


def bounds(sidecar: Sidecar, waiting: Callable[[], float], which: int) -> dict[tuple[str, ...], float]:
    """Everything that could grow, as (fill, limit); `which` picks one of the two."""
    current = sidecar.current
    found: dict[str, tuple[float, float]] = {
        "log_lines": (waiting(), logs.WAITING),
        "label_sets": sidecar.metrics.label_sets,
        "routes": current.router.remembered,
        "models": current.models.remembered,
        "fetched_characters": current.fetcher.fill,
        "jobs_ending": (0, 0) if current.jobs is None else current.jobs.fill,
        "targets": sidecar.standings.fill,
        "generations": sidecar.leaving,
        **log_bounds(sidecar),
        **current.caching.bounds(),
        **({"batching_inputs": current.batching.fill} if current.batching is not None else {}),
        **current.roads.bounds(),
        "ops_connections": sidecar.ops.connections,
        **sidecar.entrance.bounds(),
        **bounds_of_process(),
        **trace_bounds(sidecar),
        "feed_listeners": sidecar.feed.listeners,
    }
    return {(bound,): pair[which] for bound, pair in found.items()}
