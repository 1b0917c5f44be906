"""The chaos is played on the loop that the sidecar runs on, with certificates, names and an environment of its own."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import TypeVar

import pytest
import uvloop

from tests.chaos.faults import FAULTS
from tests.chaos.modes import MODES
from tests.chaos.names import Names
from tests.chaos.stage import Certificates, Performance, perform
from tests.upstream.certificates import Authority

T = TypeVar("T")
K = TypeVar("K", bound=Hashable)
#: What came of a performance, by what it is known by.
Play = Callable[[K], T]


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"uvloop": uvloop.new_event_loop}


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    if shutil.which("openssl") is None:
        pytest.skip("the openssl command is not installed: no certificates, no chaos")
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def certificates(authority: Authority) -> Certificates:
    return {
        "good": authority.server(),
        "elsewhere": authority.server("DNS:elsewhere.example"),
        "expired": authority.server(days=-1),
        "unknown": authority.self_signed(),
    }


@contextmanager
def surroundings(authority: Authority) -> Iterator[Names]:
    """No proxies, an authority that is trusted, and names that resolve as the tests need them; afterwards all is as before."""
    names = Names()
    with pytest.MonkeyPatch.context() as patch:
        for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
            patch.delenv(name, raising=False)
            patch.delenv(name.upper(), raising=False)
        patch.setenv("SSL_CERT_FILE", str(authority.bundle))
        names.install(patch)
        yield names


@pytest.fixture
def around(authority: Authority) -> Iterator[Names]:
    with surroundings(authority) as names:
        yield names


@pytest.fixture(scope="session")
def performed(
    authority: Authority, certificates: Certificates, tmp_path_factory: pytest.TempPathFactory
) -> Play[str, Performance]:
    """All faults in one mode: played at the first question, and only once, however it ends."""

    def play(mode: str) -> Performance:
        faults = [fault for fault in FAULTS.values() if MODES[mode].suits(fault)]
        directory = tmp_path_factory.mktemp(mode)
        with surroundings(authority), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(perform(faults, MODES[mode], certificates, directory))

    return once_each(play)


def once_each(play: Play[K, T]) -> Play[K, T]:
    """Where it fails every test that asks gets the failure, and does not play it all again."""

    @cache
    def ended(key: K) -> T | Exception:
        try:
            return play(key)
        except Exception as error:  # noqa: BLE001 - raised below, for each who asks
            return error

    def performed(key: K) -> T:
        end = ended(key)
        if isinstance(end, Exception):
            raise RuntimeError("the performance itself failed") from end
        return end

    return performed
