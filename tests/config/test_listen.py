"""The section `listen`: which keys go together, what its paths start from, and when the port is open to everybody."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from proxy.config import ConfigError, load
from proxy.config.listen import Listen, ListenTls, is_loopback, open_hosts

ROOT = Path(__file__).parent.parent.parent
TLS = {"certificate": "tls.crt", "key": "tls.key"}


def listen(folder: Path, **keys: Any) -> Listen:
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump({"listen": keys}), "utf-8")
    return load(str(path), {}).listen


def test_paths_start_at_the_file(tmp_path: Path) -> None:
    section = listen(tmp_path, tokens="tokens", tls=TLS | {"client_ca": "/elsewhere/ca.crt"})
    assert section.tokens == str(tmp_path / "tokens")
    assert section.tls is not None
    assert (section.tls.certificate, section.tls.client_ca) == (str(tmp_path / "tls.crt"), "/elsewhere/ca.crt")


@pytest.mark.parametrize(
    ("keys", "fault"),
    [
        ({"tokens": ""}, "listen.tokens is ''; allowed: a path of 1 to 1000 characters"),
        ({"tokens": 5}, "listen.tokens is 5; allowed: a path"),
        ({"tls": {"certificate": "a"}}, "listen.tls.key is missing"),
        ({"tls": TLS | {"names": ["a"]}}, "listen.tls.names is given without client_ca; allowed: names only beside"),
        ({"tls": TLS | {"client_ca": "c", "names": [""]}}, r"listen.tls.names\[0\] is ''"),
        (
            {"tls": TLS | {"client_ca": "c", "names": ["a b"]}},
            r"listen.tls.names\[0\] is 'a b'; allowed: 1 to 253 visible",
        ),
    ],
)
def test_what_is_wrong_is_named(keys: dict[str, Any], fault: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=fault):
        listen(tmp_path, **keys)


@pytest.mark.parametrize(
    ("section", "hosts"),
    [
        (Listen(), []),
        (Listen(hosts=("localhost", "127.8.0.1", "::1")), []),
        (Listen(hosts=("127.0.0.1", "0.0.0.0", "::")), ["0.0.0.0", "::"]),
        (Listen(hosts=("gateway.local", "fe80::1%eth0")), ["gateway.local", "fe80::1%eth0"]),
        (Listen(hosts=("::",), tls=ListenTls(certificate="c", key="k")), ["::"]),
        (Listen(hosts=("::",), tls=ListenTls(certificate="c", key="k", client_ca="a")), []),
        (Listen(hosts=("::",), tokens="t"), []),
    ],
)
def test_who_may_reach_it_unasked(section: Listen, hosts: list[str]) -> None:
    assert open_hosts(section) == hosts
    assert section.guarded == (section.tokens is not None or (section.tls is not None and bool(section.tls.client_ca)))


def test_a_name_is_no_loopback() -> None:
    assert not is_loopback("sidecar.internal")


BLOCKS = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "gateway.md").read_text("utf-8"), flags=re.DOTALL)


@pytest.mark.parametrize("text", [block for block in BLOCKS if not block.startswith("gateway:")])
def test_the_examples_of_the_document_hold(text: str, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(f"{text}\nsharing: {{redis: 'redis://redis:6379/0'}}", "utf-8")
    load(str(tmp_path / "config.yaml"), {})


def test_the_example_of_the_chart_has_a_configuration_that_holds(tmp_path: Path) -> None:
    [text] = [block for block in BLOCKS if block.startswith("gateway:")]
    config = yaml.safe_load(text)["gateway"]["config"] | {"sharing": {"redis": "redis://redis:6379/0"}}
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config), "utf-8")
    assert load(str(tmp_path / "config.yaml"), {}).limits[0].header == "x-outrider-caller"
