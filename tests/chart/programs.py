"""Where the programs and the schemas are, and how one is run. What they are for is the tests' matter."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

PROGRAMS = "OUTRIDER_CHART"
#: Of the package kubernetes-validate and of the linters that ct calls.
PYTHON = "OUTRIDER_CHART_PYTHON"
ROOT = Path(__file__).parent.parent.parent
HELM = ROOT / "helm"
CHART = HELM / "outrider"
EXAMPLES = HELM / "examples"
HELMS = ("helm3", "helm4")
PATIENCE = 120


class Ran(subprocess.CompletedProcess[str]):
    """What a program said, with its errors last."""

    @property
    def said(self) -> str:
        return f"{self.stdout}{self.stderr}"


def program(name: str) -> str:
    return str(Path(os.environ[PROGRAMS]) / name)


def schemas() -> Path:
    """The strict schemas of every version of Kubernetes, as kubernetes-validate brings them."""
    return Path(os.environ[PYTHON]) / "kubernetes_validate" / "kubernetes-json-schema"


def run(
    name: str,
    *arguments: str | Path,
    given: str | None = None,
    cwd: Path | None = None,
    env: Mapping[str, str] = os.environ,
) -> Ran:
    """The program as it ended, well or not."""
    asked = [program(name), *map(str, arguments)]
    ended = subprocess.run(asked, input=given, capture_output=True, text=True, timeout=PATIENCE, cwd=cwd, env=dict(env))
    return Ran(ended.args, ended.returncode, ended.stdout, ended.stderr)
