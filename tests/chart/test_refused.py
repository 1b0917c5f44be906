"""Values that are wrong are refused before anything is installed, with the name of the value and, where it helps, what to do."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
import yaml

from tests.chart.programs import HELM, HELMS
from tests.chart.rendering import NEWEST, refusal


def nested(path: str, value: Any) -> dict[str, Any]:
    first, _, rest = path.partition(".")
    return {first: nested(rest, value) if rest else value}


#: Path -> a value that is no good there. The message must have the path, as the schema writes it.
BAD: list[tuple[str, Any]] = [
    ("image.repositry", "outrider"),
    ("image.pullPolicy", "Sometimes"),
    ("image.registry", "https://registry.example"),
    ("image.tag", "a b"),
    ("image.digest", "sha256:short"),
    ("imagePullSecrets", ["regcred"]),
    ("nameOverride", "Big_Name"),
    ("fullnameOverride", "a.b"),
    ("commonLabels", {"a b": "c"}),
    ("kubernetesVersion", "newest"),
    ("injection.mode", "magic"),
    ("injection.native", True),
    ("injection.domain", "nodots"),
    ("injection.defaultSelector", "all"),
    ("injection.excludedNamespaces", "kube-system"),
    ("injection.overlay", {"image": "other"}),
    ("injection.env.mode", "sometimes"),
    ("injection.env.providers", ["openia"]),
    ("injection.env.placeholderKey", ""),
    ("injection.env.noProxy", True),
    ("sidecar.ports.proxy", 80),
    ("sidecar.ports.ops", 65536),
    ("sidecar.ports.ops", "11412"),
    ("sidecar.ports.admin", 11412),
    ("sidecar.resources.requests.cpu", "lots"),
    ("sidecar.resources.limits.memory", "256 MB"),
    ("sidecar.resources.requests", {"cpu": None}),
    ("sidecar.securityContext.runAsNonRoot", False),
    ("sidecar.securityContext.privileged", True),
    ("sidecar.logLevel", "loud"),
    ("sidecar.startupProbe.periodSeconds", 0),
    ("sidecar.startupProbe.exec", {}),
    ("sidecar.extraEnv", [{"name": "A-B"}]),
    ("sidecar.extraEnv", [{"name": "A", "value": 1}]),
    ("gateway.extraEnv", [{"name": "A", "value": True}]),
    ("sidecar.extraVolumes", [{"emptyDir": {}}]),
    ("sidecar.egressProxy.https", "proxy:3128"),
    ("config.name", "-config"),
    ("config.date", {}),
    ("keys.source", "vault"),
    ("keys.data", {"a/b": "c"}),
    ("keys.data", {"OPENAI_API_KEY": ""}),
    ("namespaces", ["Shop"]),
    ("namespaces", ["shop", "shop"]),
    ("injector.replicas", 0),
    ("injector.dnsPolicy", "None"),
    ("injector.failurePolicy.pod", "fail"),
    ("injector.timeoutSeconds", 31),
    ("injector.matchConditions", [{"name": "a"}]),
    ("injector.tls.mode", "self"),
    ("injector.tls.certManager.duration", "90 days"),
    ("injector.pdb.minAvailable", "half"),
    ("injector.resources", {"limits": {"memory": "1Gi"}, "requests": None}),
    ("monitoring.podMonitor.interval", 30),
    ("monitoring.grafana", {}),
    ("networkPolicy.injector.from", {}),
    ("warnPolicy.enabled", "yes"),
    ("gateway.enabeld", True),
    ("nothing.of.this", 1),
    # The sidecar's own schema.
    ("config.data.provider", {}),
    ("config.data.providers.openai.kinda", "x"),
    ("config.data.retry.attempts", "many"),
    ("config.data.cache.bytes", "lots"),
    ("config.data.listen.port", 70000),
    ("config.data.logging.level", "loud"),
]


def named(path: str) -> str:
    """What of the path stands in a message: a member that nobody knows is told with its section."""
    return path.rpartition(".")[2].partition("/")[0]


@pytest.mark.parametrize(("path", "value"), BAD, ids=[f"{path}={value!r:.30}" for path, value in BAD])
def test_the_schema_names_the_value(path: str, value: Any) -> None:
    told = refusal(nested(path, value))
    assert "values don't meet the specifications of the schema" in told
    assert named(path) in told or f"'{path.partition('.')[0]}'" in told


@pytest.mark.parametrize("helm", HELMS)
def test_both_helms_read_the_schema_alike(helm: str) -> None:
    assert "at '/injection/mode': value must be one of" in refusal(nested("injection.mode", "magic"), helm)
    assert "additional properties 'kinda' not allowed" in refusal(nested("config.data.providers.openai.kinda", 1), helm)


#: What contradicts itself, the cluster or the chart.
CONTRADICTIONS = yaml.safe_load(Path(__file__).with_name("contradictions.yaml").read_text("utf-8"))


@pytest.mark.parametrize("row", CONTRADICTIONS, ids=lambda row: row["words"][:40])
def test_a_contradiction_is_told(row: Mapping[str, Any]) -> None:
    assert row["words"] in refusal(row["values"], kubernetes=row.get("kubernetes", NEWEST))


def test_a_chart_that_was_upgraded_by_half_is_told(tmp_path: Path) -> None:
    copy = copytree(HELM, tmp_path / "helm", symlinks=True)
    names = copy / "outrider-lib" / "templates" / "_names.tpl"
    names.write_text(names.read_text("utf-8").replace("-}}0.1.0{{-", "-}}0.0.9{{-"), "utf-8")
    told = refusal({}, chart=copy / "outrider")
    assert "half upgraded: the chart is 0.1.0 and charts/outrider-lib is 0.0.9. Run `helm dependency build`" in told
