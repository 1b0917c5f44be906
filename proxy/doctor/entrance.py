"""Who is let in at the data port: whether anybody is asked, whether the tokens can be read, and whether the certificate holds.

Nothing is opened to anybody. Everything here blocks for a moment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from proxy.config import Config, ConfigError
from proxy.config.listen import OPEN, OPEN_ADVICE, ListenTls, open_hosts
from proxy.doctor.finding import FAILED, OK, WARNING, Finding

SUBJECT = "listen"
DAY = 86400.0
#: Who renews in time has done it by then.
SOON_DAYS = 14.0


def entrance_findings(config: Config, wall: Callable[[], float]) -> Iterator[Finding]:
    """`wall`: seconds since the epoch."""
    if hosts := open_hosts(config.listen):
        yield Finding(SUBJECT, "callers", WARNING, f"{', '.join(hosts)}: {OPEN}", OPEN_ADVICE)
    if config.listen.tokens is not None:
        yield from token_findings(Path(config.listen.tokens))
    if config.listen.tls is not None:
        yield tls_finding(config.listen.tls, wall())


def token_findings(directory: Path) -> Iterator[Finding]:
    from proxy.server.callers import read_listing  # only where somebody is asked

    listing = read_listing(directory)
    callers = set(listing.names.values())
    for fault in listing.faults:
        state = WARNING if callers else FAILED
        yield Finding(SUBJECT, "tokens", state, fault, "a file for each caller, named like it, with its token in it")
    if callers:
        yield Finding(SUBJECT, "tokens", OK, f"callers with a token in {directory}: {len(callers)}")


def tls_finding(tls: ListenTls, now: float) -> Finding:
    from proxy.server.tls import context_of, ends

    try:
        context_of(tls)
    except ConfigError as fault:
        return Finding(SUBJECT, "tls", FAILED, f"{fault.path} is {fault.value}", f"give {fault.allowed}")
    end = ends(tls)
    if end is None:
        return Finding(SUBJECT, "tls", OK, f"{tls.certificate} can be listened with")
    said = datetime.fromtimestamp(end, UTC).strftime("%Y-%m-%d %H:%M UTC")
    if end < now:
        return Finding(SUBJECT, "tls", FAILED, f"{tls.certificate} has ended: {said}", "renew it")
    state = WARNING if end - now < SOON_DAYS * DAY else OK
    return Finding(SUBJECT, "tls", state, f"{tls.certificate} ends {said}", "" if state == OK else "renew it")
