"""Releases of the chart in the test's API server, by a real helm: install, upgrade, roll back, uninstall.

The chart is installed as a user would, with `--set-json`; it knows no chart of its own and judges nothing that helm does not.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from tests.cluster.apiserver import ApiServer

ROOT = Path(__file__).parents[2]
CHART = ROOT / "helm" / "outrider"
PATIENCE = 90

Values = dict[str, Any]


class HelmFailed(AssertionError):
    """What helm said when it ended with an error."""


class Release:
    """One release. `helm` is helm3 or helm4; values are paths with dots, such as `injection.mode`."""

    def __init__(self, api: ApiServer, namespace: str, name: str = "outrider", helm: str = "helm3") -> None:
        self.api, self.namespace, self.name, self.helm = api, namespace, name, helm

    @property
    def injector(self) -> str:
        """What the Deployment, the Service, the account and the webhook configuration are called."""
        return f"{self.name}-injector" if "outrider" in self.name else f"{self.name}-outrider-injector"

    def install(self, values: Values | None = None) -> str:
        return self.run("install", self.name, str(CHART), *settings(values))

    def upgrade(self, values: Values | None = None, chart: Path = CHART) -> str:
        return self.run("upgrade", self.name, str(chart), *settings(values))

    def rollback(self, revision: int) -> str:
        return self.run("rollback", self.name, str(revision))

    def uninstall(self) -> str:
        return self.run("uninstall", self.name)

    def template(self, values: Values | None = None, *arguments: str) -> str:
        return self.run("template", self.name, str(CHART), *arguments, *settings(values))

    def run(self, *arguments: str) -> str:
        """What helm wrote on its standard output. Raises HelmFailed."""
        command = [str(self.api.programs / self.helm), *arguments, "--namespace", self.namespace]
        done = subprocess.run(
            command, env=self._environment(), capture_output=True, text=True, timeout=PATIENCE, check=False
        )
        if done.returncode != 0:
            raise HelmFailed(done.stderr)
        return done.stdout

    def _environment(self) -> dict[str, str]:
        folder = self.api.kubeconfig.parent / "helm"
        places = {
            name: str(folder / name.lower()) for name in ("HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME")
        }
        return {"PATH": os.environ["PATH"], "HOME": str(folder), "KUBECONFIG": str(self.api.kubeconfig), **places}


def settings(values: Values | None) -> list[str]:
    return [word for path, value in (values or {}).items() for word in ("--set-json", f"{path}={json.dumps(value)}")]
