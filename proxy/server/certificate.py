"""What a certificate says: whom it names, and when it ends. Of those that callers show and of the proxy's own.

Whether it is to be trusted was decided when the connection was made. Sources: RFC 5280, sections 4.1 and 4.2.1.6; ITU-T X.690
for how it is written.
"""

from __future__ import annotations

import re
from calendar import timegm
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from hashlib import sha256
from ssl import PEM_cert_to_DER_cert
from time import strptime
from typing import Any, NamedTuple

LONGEST_NAME = 128
#: Visible characters, but for the one that a hash stands behind.
FIT = re.compile(rf"[!-}}]{{1,{LONGEST_NAME}}}")
UNFIT = re.compile("[^!-}]")
#: Of the hash.
DIGITS = 16
FIRST = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)
#: Tags of X.690: the version, which may be absent, and the longer of both ways to write a time.
VERSION, GENERALIZED = 0xA0, 0x18


def names_in(peer: Mapping[str, Any]) -> Iterator[str]:
    """`peer` as SSLSocket.getpeercert has it: URIs (SPIFFE's are some), then DNS names, then common names."""
    others = peer.get("subjectAltName", ())
    yield from (name for kind, name in others if kind == "URI")
    yield from (name for kind, name in others if kind == "DNS")
    yield from (value for part in peer.get("subject", ()) for kind, value in part if kind == "commonName")


def caller_in(peer: Mapping[str, Any], patterns: Sequence[str]) -> str | None:
    """The first name that is let in, in a form that can be shown; None where none is. Without patterns all are."""
    found = (name for name in names_in(peer) if not patterns or any(rule(each).fullmatch(name) for each in patterns))
    name = next(found, None)
    return None if name is None else presentable(name)


def presentable(name: str) -> str:
    """As it is, where it can be shown so; else what can be of it and a hash of the whole, so that no two become one."""
    if FIT.fullmatch(name):
        return name
    digest = sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:DIGITS]
    return f"{UNFIT.sub('?', name[: LONGEST_NAME - DIGITS - 1])}~{digest}"


@lru_cache(maxsize=256)
def rule(pattern: str) -> re.Pattern[str]:
    """`*` is any number of any characters."""
    return re.compile(".*".join(map(re.escape, pattern.split("*"))), re.DOTALL)


# ---- when it ends


class Element(NamedTuple):
    """One element of a DER document: where what it holds begins and ends."""

    tag: int
    start: int
    end: int


def not_after(pem: str) -> float | None:
    """When the first certificate of a file ends, in seconds since the epoch; None where that cannot be read."""
    found = FIRST.search(pem)
    if found is None:
        return None
    try:
        return end_of(PEM_cert_to_DER_cert(found[0]))
    except (ValueError, IndexError):
        return None


def end_of(der: bytes) -> float:
    """ValueError or IndexError for what is no certificate."""
    signed = element(der, element(der, 0).start)
    at = element(der, signed.start)
    for _ in range(4 if at.tag == VERSION else 3):  # serial number, algorithm and issuer come before
        at = element(der, at.end)
    last = element(der, element(der, at.start).end)
    text = der[last.start : last.end].decode("ascii")
    if last.tag != GENERALIZED:  # RFC 5280, section 4.1.2.5.1: two digits of the year, from 1950 on
        text = f"{19 if text >= '50' else 20}{text}"
    return float(timegm(strptime(text, "%Y%m%d%H%M%SZ")))


def element(der: bytes, at: int) -> Element:
    length, start = der[at + 1], at + 2
    if length & 0x80:
        size = length & 0x7F
        length = int.from_bytes(der[start : start + size], "big")
        start += size
    return Element(der[at], start, start + length)
