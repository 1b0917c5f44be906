"""The order of the policies, and that one which is not configured is not there at all."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

from proxy.call import Call, Handler, Outcome
from proxy.stack import Policies, build_stack

CALL = cast(Call, SimpleNamespace())


class Noted:
    """A policy that says when it is entered and left."""

    def __init__(self, name: str, notes: list[str]) -> None:
        self._name = name
        self._notes = notes

    async def __call__(self, call: Call, next: Handler) -> Outcome:
        self._notes.append(f"> {self._name}")
        outcome = await next(call)
        self._notes.append(f"< {self._name}")
        return outcome


async def exchange(call: Call) -> Outcome:
    return Outcome(200)


async def test_the_order() -> None:
    notes: list[str] = []
    policies = Policies(deadline=Noted("deadline", notes), metrics=Noted("metrics", notes), admit=Noted("admit", notes))
    assert (await build_stack(policies, exchange)(CALL)).status == 200
    assert notes == ["> metrics", "> admit", "> deadline", "< deadline", "< admit", "< metrics"]


async def test_every_policy_has_its_place() -> None:
    """A field of Policies that build_stack forgets would be configured and never run."""
    for name in Policies.__slots__:
        notes: list[str] = []
        await build_stack(Policies(**{name: Noted(name, notes)}), exchange)(CALL)
        assert notes == [f"> {name}", f"< {name}"]


def test_nothing_configured_costs_nothing() -> None:
    assert build_stack(Policies(), exchange) is exchange
