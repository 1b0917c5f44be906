"""What the doctor says of who is let in: open doors, tokens that are missing or wrong, certificates that end."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from proxy.config import Config
from proxy.config.listen import Listen, ListenTls
from proxy.doctor.entrance import DAY, entrance_findings
from proxy.doctor.finding import FAILED, OK, WARNING, Finding
from tests.upstream.certificates import Authority

TOKEN = "token-of-shop-0123456789"


def found(now: float = 0.0, **listen: Any) -> list[Finding]:
    return list(entrance_findings(Config(listen=Listen(**listen)), lambda: now))


def test_loopback_needs_nobody() -> None:
    assert found() == []


def test_an_open_door() -> None:
    [finding] = found(hosts=("127.0.0.1", "0.0.0.0"))
    assert (finding.state, finding.detail.startswith("0.0.0.0: reachable from outside")) == (WARNING, True)
    assert "listen.tokens" in finding.advice


@pytest.mark.parametrize(
    ("tokens", "states"),
    [(None, [FAILED]), ({}, [FAILED]), ({"shop": TOKEN}, [OK]), ({"shop": TOKEN, "bank": "short"}, [WARNING, OK])],
)
def test_tokens(tokens: dict[str, str] | None, states: list[str], tmp_path: Path) -> None:
    folder = tmp_path / "tokens"
    if tokens is not None:
        folder.mkdir()
        for name, token in tokens.items():
            (folder / name).write_text(token, "latin-1")
    findings = found(hosts=("::",), tokens=str(folder))
    assert [finding.state for finding in findings] == states
    assert TOKEN not in "".join(map(str, findings))


@pytest.mark.parametrize(("days", "state"), [(30, OK), (3, WARNING), (-1, FAILED)])
def test_a_certificate_that_ends(days: int, state: str, tmp_path: Path) -> None:
    pair = Authority(tmp_path).issue("DNS:localhost", days)
    tls = ListenTls(certificate=str(pair.certificate), key=str(pair.key))
    [finding] = found(time.time(), tls=tls)
    assert finding.state == state
    assert str(pair.certificate) in finding.detail
    assert found(time.time() + 40 * DAY, tls=tls)[0].state == FAILED


def test_a_pair_that_does_not_fit(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    one, other = authority.issue("DNS:one"), authority.issue("DNS:other")
    [finding] = found(tls=ListenTls(certificate=str(one.certificate), key=str(other.key)))
    assert (finding.state, finding.detail.startswith("listen.tls.key is ")) == (FAILED, True)
