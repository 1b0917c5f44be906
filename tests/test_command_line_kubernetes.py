"""Options of `outrider inject` and `outrider injector`: what they default to, what is refused, and where they go."""

from __future__ import annotations

import sys
from argparse import Namespace
from types import ModuleType

import pytest

from proxy.__main__ import main
from proxy.command_line import parser


def test_inject_defaults() -> None:
    found = vars(parser().parse_args(["inject"]))
    assert found == {
        "command": "inject",
        "file": [],
        "output": "yaml",
        "all": False,
        "template": None,
        "native": False,
        "classic": False,
        "server_version": None,
        "namespace": "default",
    }


def test_injector_defaults() -> None:
    found = vars(parser().parse_args(["injector"]))
    assert found == {
        "command": "injector",
        "template": "/etc/outrider/template/template.json",
        "namespace": None,
        "service": "outrider-injector",
        "secret": "outrider-injector-tls",
        "webhook": "outrider-injector",
        "hosts": None,
        "port": 10250,
        "ops_port": 11412,
        "tls": "auto",
        "tls_dir": None,
        "san": [],
        "on_error": "deny",
        "events": True,
        "api": None,
        "token_file": None,
        "ca_file": None,
        "log_level": "info",
    }


@pytest.mark.parametrize(
    ("text", "version"), [("1.33", (1, 33)), ("v1.9.7", (1, 9)), ("1.36.3+k3s1", (1, 36)), ("v1.31.0-eks-1", (1, 31))]
)
def test_versions(text: str, version: tuple[int, int]) -> None:
    assert parser().parse_args(["inject", "--server-version", text]).server_version == version


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["inject", "--server-version", "1"], "a version of Kubernetes such as 1.33, not '1'"),
        (["inject", "--server-version", "1.x"], "a version of Kubernetes such as 1.33, not '1.x'"),
        (["inject", "--native", "--classic"], "not allowed with argument"),
        (["inject", "--output", "xml"], "invalid choice: 'xml'"),
        (["injector", "--port", "65536"], "a port, 0 to 65535, not '65536'"),
        (["injector", "--ops-port", "x"], "a port, 0 to 65535, not 'x'"),
        (["injector", "--on-error", "ignore"], "invalid choice: 'ignore'"),
        (["injector", "--tls", "none"], "invalid choice: 'none'"),
    ],
)
def test_wrong_usage(arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        parser().parse_args(arguments)
    assert caught.value.code == 2
    assert told in capsys.readouterr().err


def test_the_injector_gets_its_options(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[Namespace] = []
    module = ModuleType("proxy.commands_injector")

    def injector(arguments: Namespace) -> int:
        given.append(arguments)
        return 7

    module.injector = injector  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "proxy.commands_injector", module)
    assert (
        main(["injector", "--hosts", "127.0.0.1", "::1", "--port", "0", "--no-events", "--san", "a", "--san", "b"]) == 7
    )
    [found] = given
    assert (found.hosts, found.port, found.events, found.san) == (["127.0.0.1", "::1"], 0, False, ["a", "b"])
