"""Other models are asked in order, for failures that they could mend."""

from __future__ import annotations

import pytest

from proxy.call import Call, Failure, Outcome, Route, Target
from proxy.policies.fallback import Fallback
from tests.policies.clocked import Provider, call_to, limited, overloaded, target

OF_A, OF_C = Route("a"), Route("c")
MODELS: list[tuple[Route | None, tuple[Target, ...]]] = [(None, (target("b"),)), (OF_C, (target("c"), target("d")))]


def fits(call: Call) -> None:
    pass


async def answered(provider: Provider, call: Call | None = None, policy: Fallback | None = None) -> Outcome:
    call = call or call_to(target("a"), route=OF_A)
    return await (policy or Fallback(lambda call: MODELS, fits))(call, provider)


async def test_nobody_else_is_asked_where_all_is_well() -> None:
    provider = Provider()
    await answered(provider)
    assert provider.asked == ["a"]


@pytest.mark.parametrize(
    "kind",
    [
        "provider_error",
        "timeout",
        "authentication_failed",
        "circuit_open",
        "budget_exceeded",
        "no_healthy_target",
        "provider_rate_limited",
    ],
)
async def test_in_order(kind: str) -> None:
    provider, call = Provider(Failure(kind, "no"), overloaded()), call_to(target("a"), route=OF_A)
    policy = Fallback(lambda call: MODELS, fits)
    await answered(provider, call, policy)
    assert provider.asked == ["a", "b", "c"]
    assert call.trail == (f"a:m {kind}", "b:m provider_overloaded")
    assert (call.route, call.target, call.targets) == (OF_C, MODELS[1][1][0], MODELS[1][1])
    assert policy.made == {("a", kind): 1, ("b", "provider_overloaded"): 1}


@pytest.mark.parametrize("kind", ["invalid_request", "unsupported_capability", "blocked", "draining"])
async def test_what_nobody_could_mend_is_told(kind: str) -> None:
    provider = Provider(Failure(kind, "no"))
    with pytest.raises(Failure, match=kind):
        await answered(provider)
    assert provider.asked == ["a"]


async def test_nobody_is_asked_once_the_client_has_heard_something() -> None:
    call = call_to(target("a"), route=OF_A)
    call.client.started = True
    with pytest.raises(Failure, match="timeout"):
        await answered(provider := Provider(Failure("timeout", "late")), call)
    assert provider.asked == ["a"]


async def test_the_latest_failure_is_told() -> None:
    with pytest.raises(Failure) as caught:
        await answered(Provider(overloaded(), overloaded(), limited(9.0)))
    assert (caught.value.kind, caught.value.retry_after) == ("provider_rate_limited", 9.0)


async def test_who_cannot_do_it_is_passed_over_and_hides_nothing() -> None:
    def unfit(call: Call) -> None:
        if call.target is not None and call.target.name == "b":
            raise Failure("unsupported_capability", "sees nothing")

    policy = Fallback(lambda call: MODELS, unfit)
    provider = Provider(overloaded())
    await answered(provider, policy=policy)
    assert provider.asked == ["a", "c"]
    with pytest.raises(Failure, match="provider_overloaded"):
        await answered(Provider(overloaded()), policy=Fallback(lambda call: MODELS[:1], unfit))


async def test_each_is_asked_what_the_caller_asked() -> None:
    """A limit that was cut for one model is not cut for the next."""
    seen: list[tuple[Target | None, int]] = []

    def cut(call: Call) -> None:
        seen.append((call.target, call.json["max_tokens"]))
        call.json, call.changed = {"max_tokens": 1}, ("max_tokens",)

    call = call_to(target("a"), route=OF_A, json={"max_tokens": 50})
    await answered(Provider(overloaded(), overloaded()), call, Fallback(lambda call: MODELS, cut))
    assert seen == [(MODELS[0][1][0], 50), (MODELS[1][1][0], 50)]
