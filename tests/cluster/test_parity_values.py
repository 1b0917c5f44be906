"""Other values of the chart than its defaults: the webhook and the policy make the same pod of them as well."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.cluster.apiserver import ApiServer
from tests.cluster.client import Json
from tests.cluster.injectors import injectors
from tests.cluster.pods import comparable, pod, sidecar
from tests.cluster.releases import Release, Values

PROXIED = [{"name": "HTTPS_PROXY", "value": "http://proxy:3128"}, {"name": "NO_PROXY", "value": ".svc"}]
#: One of everything that values decide about.
POD: dict[str, Any] = {
    "initContainers": [{"name": "setup", "image": "a"}],
    "containers": [
        {"name": "app", "image": "a", "env": [{"name": "OPENAI_BASE_URL", "value": "http://mine"}, *PROXIED]},
        {"name": "other", "image": "b"},
    ],
    "imagePullSecrets": [{"name": "own"}],
    "volumes": [{"name": "extra", "emptyDir": {}}],
    "securityContext": {"runAsUser": 0},
}
ANNOTATIONS = {"memory-limit": "1Gi", "cpu-request": "2m"}
VARIANTS: dict[str, Values] = {
    "another-port": {
        "sidecar.ports": {"proxy": 12000, "ops": 12001},
        "injection.env.mode": "override",
        "injection.env.providers": ["azure", "ollama", "bedrock"],
        "imagePullSecrets": [{"name": "regcred"}],
        "image": {"registry": "registry.example:5000", "digest": f"sha256:{'0' * 64}"},
    },
    "much-more": {
        "injection.env": {"noProxy": "off", "skipContainers": ["other"], "initContainers": False},
        "injection.overlay": {"imagePullPolicy": "Always", "resources": {"limits": {"cpu": "1"}}},
        "sidecar.extraEnv": [{"name": "A", "value": 'it\'s "quoted" \\ and {braces} of $(B)\nin two lines, äöü'}],
        "sidecar.extraVolumes": [{"name": "scratch", "emptyDir": {"sizeLimit": "1Mi"}}],
        "sidecar.extraVolumeMounts": [{"name": "scratch", "mountPath": "/scratch"}],
        "sidecar.caBundle.configMap": "authorities",
        "sidecar.logLevel": "debug",
        "sidecar.resources": {"requests": {"cpu": "1m"}},
        "sidecar.securityContext.runAsUser": 1000,
        "config.name": "gateway",
    },
    "keys-elsewhere": {
        "keys.source": "csi",
        "keys.csi": {"driver": "secrets-store.csi.k8s.io", "secretProviderClass": "keys"},
        "injection.env.containers": ["other"],
        "injection.defaultSelector": "labels",
    },
}


def made(api: ApiServer, domain: str, namespace: str) -> Json:
    def tried() -> Json:
        return api.admin.create("Pod", pod(domain=domain, annotations=ANNOTATIONS, **POD), namespace, dryRun="All").body

    return api.eventually(tried, lambda found: found["kind"] == "Pod" and sidecar(found) is not None)


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_same_pod(api: ApiServer, tmp_path: Path, variant: str) -> None:
    namespace, values = api.namespace(variant), VARIANTS[variant]
    releases = [Release(api, namespace, f"outrider-{mode}-{variant}") for mode in ("webhook", "policy")]
    domains = [f"{release.name}.example" for release in releases]
    for release, mode, domain in zip(releases, ("webhook", "policy"), domains, strict=True):
        release.install(values | {"injection.mode": mode, "injection.domain": domain, "config.create": False})
    with injectors(releases[0], tmp_path):
        by_webhook, by_policy = (comparable(made(api, domain, namespace)) for domain in domains)
    assert by_policy == by_webhook
    for release in releases:
        release.uninstall()
