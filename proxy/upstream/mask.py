"""A stream with our secrets overwritten: what a provider repeats of them does not reach the application, wherever it is cut.

As many bytes leave as came. Only an end that may be the beginning of a secret waits for what follows it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence


class Mask:
    """`write` passes on what it is given, `end` what still waits. `secrets` come longest first."""

    def __init__(self, secrets: Sequence[bytes], write: Callable[[bytes], None]) -> None:
        self._secrets = secrets
        self._write = write
        self._held = b""

    def write(self, data: bytes) -> None:
        if self._held:
            data, self._held = self._held + data, b""
        for secret in self._secrets:
            if secret in data:
                data = data.replace(secret, b"*" * len(secret))
        begun = max([begun_at_end(data, secret) for secret in self._secrets], default=0)
        if begun:
            data, self._held = data[:-begun], data[-begun:]
        if data:
            self._write(data)

    def end(self) -> None:
        if self._held:
            self._write(self._held)
            self._held = b""


def begun_at_end(data: bytes, secret: bytes) -> int:
    """How many bytes at the end of `data` are the beginning of `secret`."""
    tail = data[1 - len(secret) :]
    at = tail.find(secret[:1])
    while at >= 0 and not secret.startswith(tail[at:]):
        at = tail.find(secret[:1], at + 1)
    return len(tail) - at if at >= 0 else 0
