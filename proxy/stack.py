"""The order of the policies, outermost first, and why each stands where it does. A policy that is not configured is None."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from proxy.call import Call, Handler, Outcome, Policy


@dataclass(slots=True, kw_only=True)
class Policies:
    """What the composition root has built; the fields stand in the order of the stack."""

    tracing: Policy | None = None
    metrics: Policy | None = None
    admit: Policy | None = None
    counting: Policy | None = None
    routes: Policy | None = None
    fitting: Policy | None = None
    deadline: Policy | None = None
    rate_limit: Policy | None = None
    cache: Policy | None = None
    overhear: Policy | None = None
    batching: Policy | None = None
    budget: Policy | None = None
    fallback: Policy | None = None
    hedge: Policy | None = None
    retry: Policy | None = None
    target_limits: Policy | None = None
    target_budget: Policy | None = None
    attempt_log: Policy | None = None
    attempts: Policy | None = None


def build_stack(policies: Policies, exchange: Handler) -> Handler:
    return compose(
        [
            policies.tracing,  # outermost: what metrics note of a call is noted while it is known which trace it belongs to
            policies.metrics,  # around all that answers: counts what the application sees, whoever answers it
            policies.admit,  # reads and checks the request: what it refuses is counted, and nothing further in sees it
            policies.counting,  # once the request is understood: routes and limits ask how long it is
            policies.routes,  # first of what is chosen: the rest goes by the targets that the call has then
            policies.fitting,  # after the request is understood, before anything that costs: who cannot answer is not asked
            policies.deadline,  # before anything that waits, so that all waiting is inside it
            policies.rate_limit,  # what the caller and the model may: before anyone is chosen
            policies.cache,  # after limits, for what is kept counts as a request; before all that costs, fails or is refused
            policies.overhear,  # what is asked and said, for those who want it logged: a kept answer is not said again
            policies.batching,  # what is asked together is asked, paid and tried again together
            policies.budget,  # what the caller and the model may spend: a kept answer spends nothing
            policies.fallback,  # around all attempts at one model: another one is asked when those are over
            policies.hedge,  # each of two attempts has its own retries, and the breaker hears of both
            policies.retry,  # innermost, with balance and breaker in one frame: each attempt is chosen, admitted and noted anew
            policies.target_limits,  # what a provider may be asked: each attempt counts, and a full one sends the call elsewhere
            policies.target_budget,  # what a provider may be paid: each attempt is
            policies.attempt_log,  # each attempt has its line, where somebody looks that closely
            policies.attempts,  # innermost: what comes here is asked of a provider, with a span of its own
        ],
        exchange,
    )


class Passing:
    """A Policy made of what is called around the rest."""

    def __init__(self, around: Callable[[Handler], Handler]) -> None:
        self.around = around

    def __call__(self, call: Call, next: Handler) -> Awaitable[Outcome]:
        return self.around(next)(call)


def compose(policies: Sequence[Policy | None], handler: Handler) -> Handler:
    """Wrap `handler`, outermost policy first; a policy that is not configured is None and costs nothing."""
    for policy in reversed(policies):
        if policy is not None:
            around = getattr(policy, "around", None)
            handler = bind(policy.__call__, handler) if around is None else around(handler)
    return handler


def bind(policy: Callable[[Call, Handler], Awaitable[Outcome]], next: Handler) -> Handler:
    """What functools.partial would do, without the keyword dictionary it makes for every call."""

    def handler(call: Call) -> Awaitable[Outcome]:
        return policy(call, next)

    return handler
