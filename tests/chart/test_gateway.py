"""The gateway that the chart renders and the process that runs in it: one takes what the other gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from proxy.config import load
from proxy.config.listen import open_hosts
from tests.chart.rendering import documents, refusal, render

TOKENS: dict[str, Any] = {"enabled": True, "tokens": {"secretName": "callers"}}
CERTIFICATES: dict[str, Any] = {
    "enabled": True,
    "tls": {"secretName": "gateway-tls", "clientCA": {"secretName": "callers-ca"}, "names": ["spiffe://a/*"]},
}
EVERYTHING: dict[str, Any] = (
    TOKENS
    | CERTIFICATES
    | {
        "redis": {"address": "redis://redis.llm:6379/0", "passwordSecret": "redis-auth"},
        "config": {
            "limits": [{"header": "x-outrider-caller", "requests": 10, "shared": True}],
            "cache": {"by": ["x-outrider-caller"]},
            "listen": {"body_limit": "1Mi"},
        },
    }
)
NAMED = {"tokens": TOKENS, "certificates": CERTIFICATES, "everything": EVERYTHING}


def pod(gateway: dict[str, Any]) -> dict[str, Any]:
    [deployment] = render({"gateway": gateway}, "Deployment", "-gateway")
    found: dict[str, Any] = deployment["spec"]["template"]["spec"]
    return found


def written(gateway: dict[str, Any]) -> str:
    [config] = render({"gateway": gateway}, "ConfigMap", "-gateway")
    text: str = config["data"]["config.yaml"]
    return text


@pytest.mark.parametrize("gateway", NAMED.values(), ids=list(NAMED))
def test_the_process_takes_its_configuration(gateway: dict[str, Any], tmp_path: Path) -> None:
    """Wherever it may write: the paths of the mounts are moved to where a test has them."""
    (tmp_path / "redis").mkdir()
    (tmp_path / "redis" / "password").write_text("a-password", "latin-1")
    (tmp_path / "config.yaml").write_text(written(gateway).replace("/etc/outrider", str(tmp_path)), "utf-8")
    config = load(str(tmp_path / "config.yaml"), {})
    assert config.listen.guarded
    assert not open_hosts(config.listen)
    assert (config.listen.port, config.ops.port) == (11411, 11412)
    if gateway is EVERYTHING:
        assert config.sharing is not None
        assert config.sharing.password is not None
        assert (config.sharing.redis, config.sharing.password.value) == ("redis://redis.llm:6379/0", "a-password")
        assert config.listen.body_limit == 1 << 20


@pytest.mark.parametrize("gateway", NAMED.values(), ids=list(NAMED))
def test_what_the_configuration_names_is_mounted(gateway: dict[str, Any]) -> None:
    spec = pod(gateway)
    [container] = spec["containers"]
    mounts = {mount["mountPath"]: mount["name"] for mount in container["volumeMounts"]}
    assert set(mounts.values()) == {volume["name"] for volume in spec["volumes"]}
    named = [word for word in yaml_words(written(gateway)) if word.startswith("/etc/outrider")]
    assert named
    for path in named:
        assert any(path == mount or path.startswith(f"{mount}/") for mount in mounts), path


def yaml_words(text: str) -> list[str]:
    found: list[str] = []

    def walk(node: Any) -> None:
        for item in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
            walk(item)
        if isinstance(node, str):
            found.append(node)

    walk(yaml.safe_load(text))
    return found


def test_streams_end_before_the_pod_does() -> None:
    spec = pod(TOKENS | {"drain": {"preStopSeconds": 20, "graceSeconds": 100}})
    grace = yaml.safe_load(written(TOKENS | {"drain": {"preStopSeconds": 20, "graceSeconds": 100}}))["drain"]["grace"]
    slept = spec["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert (slept, grace) == (20, 100)
    assert slept + grace < spec["terminationGracePeriodSeconds"]


def test_no_key_is_an_environment_variable() -> None:
    for variable in pod(EVERYTHING)["containers"][0]["env"]:
        assert "secretKeyRef" not in variable.get("valueFrom", {})


def test_nothing_of_it_is_there_unless_it_is_asked_for() -> None:
    assert not [each for each in documents() if each["metadata"]["name"].endswith("-gateway")]


def test_open_to_all_is_never_an_oversight() -> None:
    assert "set gateway.tokens.secretName or gateway.tls.clientCA.secretName" in refusal({"gateway": {"enabled": True}})
