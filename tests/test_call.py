"""The nouns keep their promises: kinds mean one thing, buckets share nothing, policies wrap from the outside in."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace
from typing import Any, cast

import pytest

from proxy.call import KINDS, Call, Failure, Handler, Outcome
from proxy.stack import compose

CALL = cast(Call, SimpleNamespace())


@pytest.mark.parametrize("kind", KINDS)
def test_a_failure_is_what_its_kind_says(kind: str) -> None:
    failure = Failure(kind, "words")
    rule = KINDS[kind]
    assert (failure.status, failure.party, failure.retryable, failure.trips_breaker) == rule
    assert str(failure) == f"{kind}: words"
    assert not failure.told


def test_a_kind_that_is_not_in_the_list_is_refused() -> None:
    with pytest.raises(KeyError):
        Failure("oops", "words")


def test_a_status_of_its_own() -> None:
    failure = Failure("invalid_request", "words", status=422, param="p", code="c", retry_after=1.5)
    assert (failure.status, failure.param, failure.code, failure.retry_after) == (422, "p", "c", 1.5)


@pytest.mark.parametrize("kind", KINDS)
def test_who_is_to_blame(kind: str) -> None:
    """A breaker opens for providers alone, and nobody retries what is the caller's fault or the operator's."""
    rule = KINDS[kind]
    assert not rule.trips_breaker or rule.party == "provider"
    assert not rule.retryable or rule.party == "provider"
    assert 400 <= rule.status < 600


def add(word: str) -> object:
    async def policy(call: Call, next: Handler) -> Outcome:
        outcome = await next(call)
        return Outcome(outcome.status, attempts=outcome.attempts * 10 + int(word))

    return policy


async def test_compose_wraps_from_the_outside_in() -> None:
    async def handler(call: Call) -> Outcome:
        return Outcome(200, attempts=0)

    policies = [add("1"), None, add("2")]
    assert (await compose(policies, handler)(CALL)).attempts == 21  # type: ignore[arg-type]
    assert compose([None, None], handler) is handler


def test_the_nouns_know_nobody() -> None:
    """Neither anybody's nor, but for what is used, ours: whatever imports it gets nothing else along."""
    source = "import sys, proxy.call; print([name for name in sys.modules if name.startswith('proxy.') or name == 'asyncio'])"
    run = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, timeout=30)
    assert run.stdout == "['proxy.usage', 'proxy.call']\n", run.stderr


def test_a_copy_says_the_same_and_is_another() -> None:
    said: dict[str, Any] = {"status": 418, "param": "p", "code": "c", "retry_after": 2.0, "provider_status": 500}
    failure = Failure("provider_error", "no", **said, provider_body=b"body")
    failure.headers, failure.told, failure.midway = (("a", "b"),), True, True
    copy = failure.copy()
    assert copy is not failure
    assert (vars(copy), copy.args, copy.__traceback__) == (vars(failure), failure.args, None)
