"""How the requests to one endpoint are signed where one fixed header does not do: several keys, tokens, signatures.

A request is signed at once from what is at hand; who waits for it waits in `ready`, before the request is made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

from proxy.call import Failure, Headers
from proxy.signing import SIGNERS, Asked
from proxy.signing.sigv4 import AwsKeys, sign_v4
from proxy.upstream.credentials.fresh import Fresh, Unavailable

#: A key that the provider refused sits out for so many seconds, unless all are refused.
RESTS = 60.0
#: Refusals by AWS that other keys of the same identity would get as well.
OF_PERMISSIONS = frozenset({"AccessDeniedException", "OptInRequired", "NotAuthorized"})


class Signs(Protocol):
    """`sign` only while `at_hand`. What it returns besides the headers says which of several keys or tokens it was, from 0.

    `refused` is told which one it was that the provider did not take, and with what words.
    """

    @property
    def at_hand(self) -> bool: ...
    async def ready(self) -> None: ...
    def sign(self, asked: Asked) -> tuple[Headers, int]: ...
    def refused(self, which: int, failure: Failure) -> None: ...
    def secrets(self) -> Iterable[str]: ...
    def close(self) -> None: ...


class KeyRing:
    """Several keys, one after the other. `replace` them when what they were read from has changed."""

    at_hand = True

    def __init__(self, keys: Sequence[str], auth: str, time: Callable[[], float]) -> None:
        self._sign = SIGNERS[auth]
        self._time = time
        self._next = 0
        self.replace(keys)

    def replace(self, keys: Sequence[str]) -> None:
        self._keys = tuple(keys)
        self._headers = [self._sign(key) for key in keys]
        self._rests_until = [0.0] * len(keys)

    async def ready(self) -> None: ...

    def sign(self, asked: Asked) -> tuple[Headers, int]:
        which = self._pick()
        return self._headers[which], which

    def refused(self, which: int, failure: Failure) -> None:
        if which < len(self._keys):
            self._rests_until[which] = self._time() + RESTS

    def secrets(self) -> Iterable[str]:
        return self._keys

    def close(self) -> None: ...

    def _pick(self) -> int:
        """The next one in turn that does not rest; where all do, the next one."""
        count = len(self._keys)
        turn = self._next
        self._next = (turn + 1) % count
        if max(self._rests_until):
            now = self._time()
            for step in range(count):
                which = (turn + step) % count
                if self._rests_until[which] <= now:
                    self._next = (which + 1) % count
                    return which
        return turn % count


class Bearer:
    """A token that is kept fresh, RFC 6750. A 401 is about the token (section 3.1 there), a 403 about what its owner may do."""

    def __init__(self, token: Fresh[str]) -> None:
        self._token = token

    @property
    def at_hand(self) -> bool:
        return self._token.current is not None

    async def ready(self) -> None:
        await obtained(self._token)

    def sign(self, asked: Asked) -> tuple[Headers, int]:
        token = self._token.current
        assert token is not None
        return SIGNERS["bearer"](token), latest(self._token)

    def refused(self, which: int, failure: Failure) -> None:
        if failure.provider_status == 401:
            drop(self._token, which)

    def secrets(self) -> Iterable[str]:
        token = self._token.current
        return () if token is None else (token,)

    def close(self) -> None:
        self._token.close()


class Aws:
    """Each request signed by itself, with keys that are kept fresh."""

    def __init__(self, keys: Fresh[AwsKeys], region: str, service: str) -> None:
        self._keys = keys
        self._region = region
        self._service = service

    @property
    def at_hand(self) -> bool:
        return self._keys.current is not None

    async def ready(self) -> None:
        await obtained(self._keys)

    def sign(self, asked: Asked) -> tuple[Headers, int]:
        keys = self._keys.current
        assert keys is not None
        return sign_v4(keys, self._region, self._service, asked), latest(self._keys)

    def refused(self, which: int, failure: Failure) -> None:
        if failure.code not in OF_PERMISSIONS:
            drop(self._keys, which)

    def secrets(self) -> Iterable[str]:
        keys = self._keys.current
        return () if keys is None else (keys.secret_key, *((keys.token,) if keys.token else ()))

    def close(self) -> None:
        self._keys.close()


def latest(credential: Fresh[Any]) -> int:
    """Which of those that there have been is in use, from 0."""
    return credential.renewals - 1


def drop(credential: Fresh[Any], which: int) -> None:
    """Forget it, unless it has been renewed since: of many calls that were signed with it each is refused."""
    if which == latest(credential) and (value := credential.current) is not None:
        credential.forget(value)


async def obtained(credential: Fresh[Any]) -> None:
    """Failure("authentication_failed") where there is none to be had: it is the operator's to mend."""
    try:
        while credential.current is None:  # another call may be refused between the answer and our turn
            await credential.ready()
    except Unavailable as fault:
        raise Failure("authentication_failed", f"no credentials for {credential.name}: {fault}") from None
