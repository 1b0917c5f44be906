"""Keys in turn, tokens, and requests signed one by one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import time
from typing import Any

import pytest

from proxy.call import Failure
from proxy.signing import Asked
from proxy.signing.sigv4 import AwsKeys, sign_v4
from proxy.upstream.credentials.fresh import Fresh, Token, Unavailable
from proxy.upstream.credentials.signs import RESTS, Aws, Bearer, KeyRing

ASKED = Asked("POST", "api.example", "/model/a%3Ab/converse", b"{}", 1_800_000_000.0)


#: What a provider says of a key that it does not know.
REFUSED = Failure("authentication_failed", "who is that?", code="UnrecognizedClientException", provider_status=401)


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def keys_of(ring: KeyRing, count: int) -> list[str]:
    return [ring.sign(ASKED)[0][0][1].removeprefix("Bearer ") for _ in range(count)]


def test_keys_take_turns() -> None:
    ring = KeyRing(["a", "b", "c"], "bearer", Clock())
    assert keys_of(ring, 7) == ["a", "b", "c", "a", "b", "c", "a"]


def test_a_refused_key_sits_out_and_comes_back() -> None:
    clock = Clock()
    ring = KeyRing(["a", "b", "c"], "bearer", clock)
    (_, which) = ring.sign(ASKED)
    ring.refused(which, REFUSED)
    assert keys_of(ring, 4) == ["b", "c", "b", "c"]
    clock.now += RESTS + 1
    assert set(keys_of(ring, 3)) == {"a", "b", "c"}


def test_where_all_are_refused_they_are_used_still() -> None:
    ring = KeyRing(["a", "b"], "bearer", Clock())
    ring.refused(0, REFUSED)
    ring.refused(1, REFUSED)
    assert keys_of(ring, 4) == ["a", "b", "a", "b"]


def test_other_keys_may_take_their_place() -> None:
    ring = KeyRing(["a", "b", "c"], "x-api-key", Clock())
    ring.sign(ASKED)
    ring.sign(ASKED)
    ring.replace(["z"])
    ring.refused(2, REFUSED)
    assert ring.sign(ASKED) == ((("x-api-key", "z"),), 0)
    assert list(ring.secrets()) == ["z"]


def fresh(value: object, name: str = "there") -> Fresh[object]:
    async def fetch() -> Token[object]:
        if isinstance(value, Unavailable):
            raise value
        return Token(value, time() + 3600)

    return Fresh(name, fetch, time, lambda: 0.5)


@pytest.mark.parametrize(
    ("make", "value", "headers"),
    [
        (Bearer, "token-1", (("authorization", "Bearer token-1"),)),
        (
            lambda keys: Aws(keys, "eu-west-1", "bedrock"),
            AwsKeys("AK", "secret-canary", "session-canary"),
            sign_v4(AwsKeys("AK", "secret-canary", "session-canary"), "eu-west-1", "bedrock", ASKED),
        ),
    ],
)
async def test_what_is_kept_fresh_signs_once_it_is_there(
    make: Callable[[Fresh[object]], Bearer | Aws], value: object, headers: object
) -> None:
    signs = make(fresh(value))
    assert (signs.at_hand, list(signs.secrets())) == (False, [])
    await asyncio.gather(signs.ready(), signs.ready())
    assert signs.at_hand
    assert signs.sign(ASKED) == (headers, 0)
    assert list(signs.secrets()) == (["token-1"] if value == "token-1" else ["secret-canary", "session-canary"])
    signs.refused(0, REFUSED)
    assert not signs.at_hand
    signs.close()


Make = Callable[[Fresh[Any]], Bearer | Aws]
MAKERS: list[Make] = [Bearer, lambda keys: Aws(keys, "eu-west-1", "bedrock")]


def counted() -> Fresh[Any]:
    """Another credential each time; what it looks like in a header nobody asks here."""
    numbers = iter(range(9))

    async def fetch() -> Token[Any]:
        number = next(numbers)
        return Token(AwsKeys(f"AK{number}", f"secret-{number}"), time() + 3600)

    return Fresh("there", fetch, time, lambda: 0.5)


@pytest.mark.parametrize("make", MAKERS)
async def test_of_many_calls_that_were_signed_with_what_is_refused_one_drops_it(make: Make) -> None:
    signs = make(counted())
    await signs.ready()
    [first, again] = [signs.sign(ASKED)[1] for _ in range(2)]
    signs.refused(first, REFUSED)
    assert not signs.at_hand
    await signs.ready()
    signs.refused(again, REFUSED)
    assert signs.at_hand
    signs.refused(signs.sign(ASKED)[1], REFUSED)
    assert not signs.at_hand
    signs.close()


@pytest.mark.parametrize(
    ("make", "status", "code"), [(MAKERS[0], 403, None), (MAKERS[1], 403, "AccessDeniedException")]
)
async def test_what_one_may_not_do_says_nothing_of_who_one_is(make: Make, status: int, code: str | None) -> None:
    signs = make(counted())
    await signs.ready()
    signs.refused(signs.sign(ASKED)[1], Failure("authentication_failed", "no", code=code, provider_status=status))
    assert signs.at_hand
    signs.close()


async def test_who_waited_while_another_was_refused_waits_again() -> None:
    """The first answer is refused before those who waited for it have had their turn."""
    kept = counted()
    signs = Bearer(kept)
    first = asyncio.ensure_future(signs.ready())
    second = asyncio.ensure_future(signs.ready())
    await kept.ready()
    assert kept.current is not None
    kept.forget(kept.current)
    await asyncio.gather(first, second)
    assert signs.sign(ASKED)[1] == 1
    signs.close()


@pytest.mark.parametrize("make", MAKERS)
async def test_what_cannot_be_had_is_the_operators_to_mend(make: Make) -> None:
    signs = make(fresh(Unavailable("no role; set AWS_ROLE_ARN"), "bedrock"))
    with pytest.raises(Failure) as raised:
        await signs.ready()
    assert raised.value.kind == "authentication_failed"
    assert raised.value.detail == "no credentials for bedrock: no role; set AWS_ROLE_ARN"
