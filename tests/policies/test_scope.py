"""Values of a header: each has its own limit, so many and no more, none is shown, and inventing new ones gains nothing."""

from __future__ import annotations

from typing import cast

import pytest

from proxy.call import Call, Client, Target
from proxy.config.limits import Rule
from proxy.policies.bucket import Bucket
from proxy.policies.limiter import Limiter, Need
from proxy.policies.scope import OTHER, Scope, own_bucket, read_fill, read_limit, read_refusals, read_waits

NOW = 1000.0
BY_USER = Rule("users", "", "", "x-user", 3, 2, None, 60.0, 0.0, 10, False)


class Clock:
    now = NOW

    def __call__(self) -> float:
        return self.now


def scoped(rule: Rule, clock: Clock | None = None) -> Scope:
    return Scope(rule, clock or Clock(), own_bucket)


def asked(user: str | None = None, model: str = "m", target: Target | None = None) -> Call:
    caller = {} if user is None else {"x-user": user}
    call = Call("id", "openai", "chat", b"", {}, model, False, caller, cast(Client, None))
    call.target = target
    return call


def use(scope: Scope, user: str | None, clock: Clock) -> bool:
    limiter = scope.limiter(asked(user))
    assert limiter is not None
    grant = limiter.take(Need(0, 0))
    if grant is None:
        return False
    grant.start(clock())
    grant.settle(None, clock())
    return True


def test_each_value_has_its_own() -> None:
    clock = Clock()
    scope = scoped(BY_USER, clock)
    for user in ("ann", "bob", None):
        assert [use(scope, user, clock) for _ in range(3)] == [True, True, False]
    assert scope.values == (3, 3)


def test_values_beyond_the_bound_share_one() -> None:
    clock = Clock()
    scope = scoped(BY_USER, clock)
    for user in ("ann", "bob", "cid"):
        use(scope, user, clock)
    assert [use(scope, f"new{number}", clock) for number in range(4)] == [True, True, False, False]
    assert (scope.values, scope.folded) == ((3, 3), 4)
    assert use(scope, "ann", clock), "those who were first keep their own"


def test_the_value_used_longest_ago_makes_room_once_it_has_nothing_in_use() -> None:
    clock = Clock()
    scope = scoped(BY_USER, clock)
    for user in ("ann", "bob", "cid", "ann"):
        use(scope, user, clock)
        clock.now += 10
    clock.now = NOW + 75
    assert [use(scope, "dan", clock) for _ in range(3)] == [True, True, False]
    assert (scope.values, scope.folded) == ((3, 3), 0)
    assert (use(scope, "eve", clock), scope.folded) == (True, 1), "cid is next, and has still something in use"
    clock.now = NOW + 85
    assert (use(scope, "fay", clock), scope.folded) == (True, 1)
    assert set(scope._values) == {"ann", "dan", "fay", OTHER}


def test_new_values_gain_nothing() -> None:
    """Whoever sends another value each time gets three limits and one that all the others share."""
    clock = Clock()
    scope = scoped(BY_USER, clock)
    assert sum(use(scope, f"user{number}", clock) for number in range(1000)) == 3 + 2
    assert len(scope.every()) == 4


def test_a_long_value_is_told_apart_and_not_kept() -> None:
    clock = Clock()
    scope = scoped(BY_USER, clock)
    one, other = "x" * 10_000 + "1", "x" * 10_000 + "2"
    assert [use(scope, one, clock) for _ in range(3)] == [True, True, False]
    assert use(scope, other, clock)
    assert max(map(len, scope._values)) <= 64


@pytest.mark.parametrize(
    ("rule", "call", "meant"),
    [
        (BY_USER._replace(model="m"), asked("ann", "m"), True),
        (BY_USER._replace(model="m"), asked("ann", "n"), False),
        (BY_USER._replace(model="m"), asked("ann", "n", Target("p", "m", None)), False),
        (BY_USER._replace(header="", model="m"), asked(model="m"), True),
        (BY_USER._replace(header="", provider="p"), asked(target=Target("p", "any", None)), True),
        (BY_USER._replace(header="", provider="p", model="m"), asked("", "n", Target("p", "m", None)), True),
        (BY_USER._replace(header="", provider="p", model="m"), asked("", "m", Target("p", "n", None)), False),
    ],
)
def test_whom_it_is_meant_for(rule: Rule, call: Call, meant: bool) -> None:
    assert (scoped(rule).limiter(call) is not None) is meant


def test_what_is_shown_names_limits_and_never_values() -> None:
    clock = Clock()
    scope, plain = scoped(BY_USER, clock), scoped(BY_USER._replace(name="all", header="", tokens=50), clock)
    for user in ("secret-ann", "secret-ann", "bob"):
        use(scope, user, clock)
    limiter = plain.limiter(asked())
    assert limiter is not None
    assert limiter.take(Need(10, 20)) is not None
    limits = [scope, plain]
    assert read_fill(limits, NOW) == {
        ("users", "requests"): 2,
        ("users", "queue"): 0,
        ("users", "values"): 2,
        ("all", "requests"): 1,
        ("all", "tokens"): 20,
        ("all", "queue"): 0,
    }
    assert read_limit(limits, NOW) == {
        ("users", "requests"): 2,
        ("users", "queue"): 10,
        ("users", "values"): 3,
        ("all", "requests"): 2,
        ("all", "tokens"): 50,
        ("all", "queue"): 10,
    }
    assert read_waits([scope]) == {("users", "count"): 0, ("users", "seconds"): 0}
    scope.line.refusal("exhausted", "is used up", 1.0)
    assert read_refusals(limits) == {("users", "exhausted"): 1}


def test_what_is_kept_by_another_is_built_by_another() -> None:
    built: list[tuple[str, str, int, str]] = []

    def build(rule: Rule, what: str, amount: int, value: str) -> Bucket:
        built.append((rule.name, what, amount, value))
        return Bucket(amount, 1.0)

    scope = Scope(BY_USER._replace(tokens=9, values=1), Clock(), build)
    for user in ("ann", "bob"):
        limiter = scope.limiter(asked(user))
        assert isinstance(limiter, Limiter)
        limiter.take(Need(0, 0))
    assert built == [
        (("users"), what, amount, value)
        for value in ("ann", OTHER)
        for what, amount in (("requests", 2), ("tokens", 9))
    ]
