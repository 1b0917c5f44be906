"""The order of the policies, outermost first, and why each stands where it does. A policy that is not configured is None."""

from __future__ import annotations

from dataclasses import dataclass

from proxy.call import Handler, Policy, compose


@dataclass(slots=True, kw_only=True)
class Policies:
    """What the composition root has built; the fields stand in the order of the stack."""

    metrics: Policy | None = None
    admit: Policy | None = None
    fitting: Policy | None = None
    deadline: Policy | None = None


def build_stack(policies: Policies, exchange: Handler) -> Handler:
    return compose(
        [
            policies.metrics,  # outermost: counts what the application sees, whoever answers it
            policies.admit,  # reads and checks the request: what it refuses is counted, and nothing further in sees it
            policies.fitting,  # after the request is understood, before anything that costs: who cannot answer is not asked
            policies.deadline,  # before anything that waits, so that all waiting is inside it
        ],
        exchange,
    )
