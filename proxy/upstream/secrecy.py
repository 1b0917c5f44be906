"""What a provider repeats of our own secrets is taken out before anybody gets to read it: of its errors and of its headers.

The body of a good answer to a call is left alone: it is between the provider and the application, byte for byte. Of what is
relayed raw, where the application names the path, mask.py goes over the body too.
"""

from __future__ import annotations

from collections.abc import Iterable

from proxy.call import Failure, Headers
from proxy.providers import Endpoint

HIDDEN = "[redacted]"
#: What is shorter would take ordinary words out.
SHORTEST = 8
#: Of tokens that come and go.
REMEMBERED = 8


class Secrets:
    """The key of one endpoint, and the headers that the operator gave it, many of which are credentials."""

    __slots__ = ("_lasting", "_learnt", "_values")

    def __init__(self, endpoint: Endpoint) -> None:
        self._lasting = frozenset(filter(None, (endpoint.key, *endpoint.keys, *endpoint.headers.values())))
        self._learnt: tuple[str, ...] = ()
        self._values = longest_first(self._lasting)

    def learn(self, values: Iterable[str]) -> None:
        """What signs now and is no key of the endpoint's: tokens. Those before are remembered for a while."""
        new = [value for value in values if value not in self._lasting and value not in self._learnt]
        if new:
            self._learnt = (*new, *self._learnt)[:REMEMBERED]
            self._values = longest_first(self._lasting.union(self._learnt))

    @property
    def in_bytes(self) -> list[bytes]:
        """What is hidden, longest first."""
        return [value for _, value in self._values]

    def hide(self, text: str) -> str:
        for value, _ in self._values:
            if value in text:
                text = text.replace(value, HIDDEN)
        return text

    def hide_bytes(self, data: bytes) -> bytes:
        for _, value in self._values:
            data = data.replace(value, HIDDEN.encode())
        return data

    def hide_in(self, failure: Failure) -> None:
        """Wherever the provider's own words stand in it."""
        failure.detail = self.hide(failure.detail)
        failure.param = self.hide(failure.param) if failure.param else None
        failure.code = self.hide(failure.code) if failure.code else None
        failure.provider_body = self.hide_bytes(failure.provider_body)
        failure.headers = self.hide_in_headers(failure.headers)
        failure.args = (f"{failure.kind}: {failure.detail}",)

    def hide_in_headers(self, headers: Headers) -> Headers:
        values = "\n".join([value for _, value in headers])
        for secret, _ in self._values:
            if secret in values:
                return [(name, self.hide(value)) for name, value in headers]
        return headers


def longest_first(values: Iterable[str]) -> list[tuple[str, bytes]]:
    return [(value, value.encode()) for value in sorted(values, key=len, reverse=True) if len(value) >= SHORTEST]
