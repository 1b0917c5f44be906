"""What the injector's Secret holds, and what is next for it: a CA, the certificate served, the CA to come, the CAs before.

Decisions over times that are handed in; it reads and writes no Secret. The order is the point of it: a new CA first is
`coming`, published beside the old one; when every API server has had the time to learn of it, it is promoted, and only
then a certificate of it is served. The old one stays published until no certificate of it is valid.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from proxy.injector.certificates import (
    Damaged,
    Lifetimes,
    Pair,
    is_issued_by,
    make_ca,
    make_leaf,
    read,
    read_pair,
    split,
)

#: Member of the Secret -> what it holds. `ca.crt`, `tls.crt` and `tls.key` are named as in a Secret of cert-manager.
LEAF = ("tls.crt", "tls.key")
CA = ("ca.crt", "ca.key")
COMING = ("next-ca.crt", "next-ca.key")
FORMER, FORMER_UNTIL = "former-ca.crt", "former-until"
MEMBERS = (*LEAF, *CA, *COMING, FORMER, FORMER_UNTIL)


class Authority(NamedTuple):
    """former: certificates of CAs before, PEM, trusted until `former_until`."""

    ca: Pair
    leaf: Pair
    coming: Pair | None = None
    former: bytes = b""
    former_until: datetime | None = None

    @property
    def bundle(self) -> bytes:
        """The certificates of all CAs to trust, PEM: what `caBundle` has to be."""
        coming = b"" if self.coming is None else self.coming.certificate
        return self.ca.certificate + coming + self.former


def begin(names: Sequence[str], now: datetime, lifetimes: Lifetimes, salvaged: bytes = b"") -> Authority:
    """A new one. salvaged: CAs whose certificates other replicas may still serve."""
    ca = make_ca(now, lifetimes)
    until = now + lifetimes.leaf if salvaged else None
    return Authority(ca, make_leaf(ca, names, now, lifetimes), None, salvaged, until)


def next_step(held: Authority, names: Sequence[str], now: datetime, lifetimes: Lifetimes, settled: bool) -> str:
    """`begin`, `renew`, `promote`, `prepare`, `forget`, or "" when nothing is due.

    settled: the coming CA has been published for long enough.
    """
    ca, leaf = read(held.ca.certificate), read(held.leaf.certificate)
    if now >= ca.end:
        return "begin"
    if leaf.names != tuple(sorted(names)) or leaf.is_due(lifetimes.leaf_share, now):
        return "renew"
    if held.coming is not None and now < read(held.coming.certificate).end:
        return "promote" if settled else ""
    if ca.is_due(lifetimes.ca_share, now):
        return "prepare"
    return "forget" if held.former_until is not None and now >= held.former_until else ""


def advance(held: Authority, step: str, names: Sequence[str], now: datetime, lifetimes: Lifetimes) -> Authority:
    """What is held after a step of `next_step`."""
    if step == "begin":
        return begin(names, now, lifetimes)
    if step == "renew":
        return held._replace(leaf=make_leaf(held.ca, names, now, lifetimes))
    if step == "prepare":
        return held._replace(coming=make_ca(now, lifetimes))
    if step == "promote" and held.coming is not None:
        leaf = make_leaf(held.coming, names, now, lifetimes)
        # A replica may have renewed with the old CA until this moment.
        until = min(now + lifetimes.leaf, read(held.ca.certificate).end)
        return Authority(held.coming, leaf, None, held.ca.certificate + held.former, until)
    if step == "forget":
        return held._replace(former=b"", former_until=None)
    raise ValueError(f"{step!r} is no step from here")


def parse_secret(data: Mapping[str, Any]) -> Authority:
    """From the `data` of a Secret. Raises Damaged, with the member's name, for all that cannot be used as it is."""
    found = {name: decoded(data, name) for name in MEMBERS}
    ca, leaf = pair(found, CA), pair(found, LEAF)
    if not is_issued_by(leaf.certificate, ca.certificate):
        raise Damaged(f"{LEAF[0]} is not of the CA in {CA[0]}")
    coming = pair(found, COMING) if found[COMING[0]] else None
    former = b"".join(certificates(found, FORMER))
    return Authority(ca, leaf, coming, former, moment(found[FORMER_UNTIL]) if former else None)


def decoded(data: Mapping[str, Any], name: str) -> bytes:
    found = data.get(name) or ""
    try:
        return base64.b64decode(found, validate=True)
    except (binascii.Error, TypeError, ValueError) as error:
        raise Damaged(f"{name} is not base64") from error


def pair(found: Mapping[str, bytes], members: tuple[str, str]) -> Pair:
    whole = Pair(found[members[0]], found[members[1]])
    try:
        read_pair(whole)
    except Damaged as error:
        raise Damaged(f"{' with '.join(members)} {error}") from error
    return whole


def certificates(found: Mapping[str, bytes], name: str) -> list[bytes]:
    try:
        return split(found[name])
    except Damaged as error:
        raise Damaged(f"{name} {error}") from error


def moment(text: bytes) -> datetime:
    try:
        found = datetime.fromisoformat(text.decode())
    except ValueError as error:
        raise Damaged(f"{FORMER_UNTIL} is no time (ISO 8601)") from error
    if found.tzinfo is None:
        raise Damaged(f"{FORMER_UNTIL} lacks its time zone")
    return found


def salvage(data: Mapping[str, Any], now: datetime) -> bytes:
    """The CAs of a damaged Secret that can still be read and have not ended, PEM."""
    kept: list[bytes] = []
    for name in (CA[0], COMING[0], FORMER):
        try:
            kept += [each for each in split(decoded(data, name)) if read(each).end > now and each not in kept]
        except Damaged:
            continue
    return b"".join(kept)


def render_secret(held: Authority) -> dict[str, str]:
    """The `data` of a Secret, every member of MEMBERS in it, so that one no longer held replaces the one before."""
    coming = held.coming or Pair(b"", b"")
    until = b"" if held.former_until is None else held.former_until.isoformat().encode()
    content = (*held.leaf, *held.ca, *coming, held.former, until)
    return {name: base64.b64encode(each).decode() for name, each in zip(MEMBERS, content, strict=True)}
