"""What the process imports, what it needs, and its exit code. Signals are held in tests/test_commands_injector.py."""

from __future__ import annotations

import subprocess
import sys

import pytest

from proxy.injector import process as subject
from proxy.injector.process import FAILED, main
from proxy.injector.settings import Settings
from tests.injector.fake_api import FakeApi
from tests.injector.injectors import told


def settings() -> Settings:
    api = FakeApi()
    api.url = "http://127.0.0.1:1"
    return told(api)


def test_nothing_of_the_proxy_itself_is_loaded() -> None:
    told = "import sys, proxy.injector.process; print(*(name for name in sys.modules if name.startswith('proxy.')))"
    found = subprocess.run([sys.executable, "-c", told], timeout=60, check=True, capture_output=True, text=True)
    assert {name.split(".")[1] for name in found.stdout.split()} == {"injector"}


def test_without_cryptography_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cryptography", None)
    with pytest.raises(ModuleNotFoundError, match=r"outrider\[injector\]"):
        main(settings())


def test_a_part_that_broke_is_a_failure(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    async def breaks(*given: object) -> None:
        raise ExceptionGroup("parts", [RuntimeError("a fault of ours")])

    monkeypatch.setattr(subject, "run", breaks)
    assert main(settings()) == FAILED
    assert "a part of the injector broke" in caplog.text
