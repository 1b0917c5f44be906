"""Options and environment, and what is said of those that are wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from proxy.command_line import parser
from proxy.injector.settings import BadOption, Settings, settings_of

IN_CLUSTER = {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_SERVICE_PORT": "443", "POD_NAME": "injector-1"}


def told(*options: str, environ: dict[str, str] | None = None, account: Path = Path("/absent")) -> Settings:
    arguments = parser().parse_args(["injector", *options])
    return settings_of(arguments, {"POD_NAMESPACE": "llm", **IN_CLUSTER} if environ is None else environ, account)


def test_within_a_cluster_nothing_has_to_be_told() -> None:
    found = told(account=Path("/account"))
    assert (found.api, found.namespace, found.instance) == ("https://10.0.0.1:443", "llm", "injector-1")
    assert (found.token_file, found.ca_file) == (Path("/account/token"), Path("/account/ca.crt"))
    assert (found.port, found.ops_port, found.hosts) == (10250, 11412, ("::", "0.0.0.0"))
    assert found.events
    assert not found.allow_on_error
    assert found.tls_directory is None


def test_an_ipv6_address_gets_its_brackets() -> None:
    assert (
        told(environ={**IN_CLUSTER, "KUBERNETES_SERVICE_HOST": "fd00::1", "POD_NAMESPACE": "x"}).api
        == "https://[fd00::1]:443"
    )


def test_the_namespace_may_be_the_accounts(tmp_path: Path) -> None:
    (tmp_path / "namespace").write_text("llm-system\n")
    assert told(environ=IN_CLUSTER, account=tmp_path).namespace == "llm-system"
    assert told("--namespace", "other", environ=IN_CLUSTER, account=tmp_path).namespace == "other"


def test_the_certificate_has_every_name_of_the_service() -> None:
    found = told("--service", "web", "--san", "127.0.0.1", "--san", "injector.example")
    within = ("web", "web.llm", "web.llm.svc", "web.llm.svc.cluster.local")
    assert found.certificate_names == (*within, "127.0.0.1", "injector.example")


def test_outside_a_cluster_no_credential_is_shown_that_was_not_named() -> None:
    found = told("--api", "http://127.0.0.1:8001/", "--namespace", "x", environ={})
    assert (found.api, found.token_file, found.ca_file) == ("http://127.0.0.1:8001", None, None)


def test_files_are_taken_with_their_directory() -> None:
    assert told("--tls", "files", "--tls-dir", "/tls").tls_directory == Path("/tls")
    assert told("--tls-dir", "/tls").tls_directory is None


def test_errors_and_events_are_switched_by_flags() -> None:
    found = told("--on-error", "allow", "--no-events")
    assert (found.allow_on_error, found.events) == (True, False)


@pytest.mark.parametrize(
    ("options", "environ", "names"),
    [
        (("--tls", "files"), None, "--tls-dir"),
        (("--port", "1234", "--ops-port", "1234"), None, "--ops-port"),
        (("--service", "Web"), None, "--service must be a DNS name"),
        (("--secret", "a/b"), None, "--secret"),
        (("--webhook", ".."), None, "--webhook"),
        (("--namespace", "a b"), None, "--namespace"),
        (("--api", "127.0.0.1:8001"), None, "--api"),
        ((), {}, "--namespace is needed"),
        ((), {"POD_NAMESPACE": "x"}, "--api is needed"),
    ],
)
def test_what_is_wrong_is_named_by_its_option(
    options: tuple[str, ...], environ: dict[str, str] | None, names: str
) -> None:
    with pytest.raises(BadOption, match=names):
        told(*options, environ=environ)


def test_names_of_the_certificate_are_as_it_will_say_them() -> None:
    """Else it would never be the one that is wanted, and be renewed for ever."""
    found = told("--san", "2001:DB8:0::1", "--san", "*.Example.org")
    assert found.names == ("2001:db8::1", "*.example.org")
    for name in ("", "a b", "é.example", "-x"):
        with pytest.raises(BadOption, match="--san must be"):
            told(f"--san={name}")
