"""The way that helm/README.md shows, from an empty cluster to an injected pod: its own commands, as they are written there."""

from __future__ import annotations

import base64
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.apiserver import ApiServer, running
from tests.cluster.injectors import injectors
from tests.cluster.pods import container, sidecar, variables
from tests.cluster.releases import ROOT, Release

PATIENCE = 60


@pytest.fixture(params=["helm3", "helm4"])
def empty(api: ApiServer, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[ApiServer, Path]]:
    """A cluster in which nothing is installed, and a folder with the programs under the names that the document uses."""
    names = tmp_path / "programs"
    names.mkdir()
    (names / "helm").symlink_to(api.programs / request.param)
    (names / "kubectl").symlink_to(api.programs / "kubectl")
    folder = tmp_path / "cluster"
    folder.mkdir()
    with running(api.programs, folder) as server:
        yield server, names


def commands() -> list[str]:
    """Those of the first block."""
    block = re.search(r"```sh\n(.*?)```", (ROOT / "helm" / "README.md").read_text("utf-8"), re.DOTALL)
    assert block is not None
    return block[1].strip().splitlines()


def done(server: ApiServer, names: Path, command: str) -> None:
    environment = {
        "PATH": f"{names}:{os.environ['PATH']}",
        "HOME": str(names),
        "KUBECONFIG": str(server.kubeconfig),
        "OPENAI_API_KEY": "sk-canary",
    }
    result = subprocess.run(
        ["sh", "-c", command], env=environment, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert result.returncode == 0, result.stderr


def test_five_commands_lead_to_an_injected_pod(empty: tuple[ApiServer, Path], tmp_path: Path) -> None:
    """The first two make the image and push it: tests/image builds it, and there is no registry here."""
    server, names = empty
    image, push, install, secret, run = commands()
    assert image.startswith("make image")
    assert " push " in push
    # No controller makes a Deployment ready here.
    done(server, names, install.removesuffix(" --wait"))
    release = Release(server, "outrider-system")
    with injectors(release, tmp_path / "injectors", replicas=2):
        done(server, names, secret)
        done(server, names, run)
    made = server.admin.get("Pod", "hello", "default").wanted()
    found = sidecar(made)
    assert found is not None
    assert found["image"] == container(made, "hello")["image"] == image.partition("IMAGE=")[2]
    assert variables(made, "hello")["OPENAI_BASE_URL"] == "http://127.0.0.1:11411/v1"
    assert "canary" not in str(made)
    keys = next(each["secret"]["secretName"] for each in made["spec"]["volumes"] if each["name"] == "outrider-keys")
    kept = server.admin.get("Secret", keys, "default").wanted()["data"]
    assert base64.b64decode(kept["OPENAI_API_KEY"]) == b"sk-canary"
