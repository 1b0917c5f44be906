"""A certificate that others keep: served as it changes, and what is said when it cannot be."""

from __future__ import annotations

import logging
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from proxy.injector.certificates import Lifetimes, Pair, make_ca, make_leaf, read
from proxy.injector.served import Served
from proxy.injector.supplied import Supplied

NOW = datetime.now(UTC)
CA = make_ca(NOW, Lifetimes())
ONE, TWO = (make_leaf(CA, ["outrider"], NOW, Lifetimes()) for _ in range(2))


def write(directory: Path, pair: Pair) -> None:
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir()
    (directory / "tls.crt").write_bytes(pair.certificate)
    (directory / "tls.key").write_bytes(pair.key)


async def test_a_pair_is_served_and_the_next_one_too(tmp_path: Path) -> None:
    served, directory = Served(), tmp_path / "tls"
    supplied = Supplied(directory, served.serve)
    await supplied.tick()
    assert supplied.faults == [f"certificate: {directory}: No such file or directory"]
    assert supplied.ends == {}
    for pair in (ONE, TWO):
        write(directory, pair)
        await supplied.tick()
        assert served.serving == pair.certificate
        assert supplied.faults == []
        assert supplied.ends == {"leaf": read(pair.certificate).end}


@pytest.mark.parametrize("bad", [Pair(b"junk", ONE.key), Pair(TWO.certificate, ONE.key), Pair(b"", b"")])
async def test_of_a_bad_pair_the_one_before_stays_and_the_key_is_not_told(
    tmp_path: Path, bad: Pair, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    served, directory = Served(), tmp_path / "tls"
    supplied = Supplied(directory, served.serve)
    write(directory, bad)
    await supplied.tick()
    assert "tls.crt" in supplied.faults[0]
    write(directory, ONE)
    await supplied.tick()
    write(directory, bad)
    await supplied.tick()
    assert served.serving == ONE.certificate
    assert supplied.faults == []
    assert ONE.key.decode().splitlines()[1] not in caplog.text
    assert caplog.text.count("no certificate can be had") == 2
