"""The image that `make image` has built, unpacked once, and containers of it.

Where nobody says in which folder it is, only what needs no image is collected: the lock, and how the tree is made.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from tests.image.container import Spec
from tests.image.layout import Layout

ROOT = Path(__file__).parent.parent.parent
IMAGE = "OUTRIDER_IMAGE"
collect_ignore = [] if IMAGE in os.environ else ["test_contents.py", "test_packages_inside.py", "test_running.py"]

MEASURED = pytest.StashKey[list[str]]()

#: What the injector gives every sidecar, beside what the image has.
POD = {
    "POD_NAME": "web-5d9c7b8f6-abcde",
    "POD_NAMESPACE": "shop",
    "POD_UID": "6a1b0c9e-0000-4000-8000-000000000001",
    "POD_WORKLOAD": "web",
    "POD_IPS": "127.0.0.1",
    "NODE_NAME": "node-1",
    "OUTRIDER_DRAIN": "native",
}


@pytest.fixture(scope="session")
def layout() -> Layout:
    folder = Path(os.environ[IMAGE]) / "oci"
    assert (folder / "index.json").exists(), f"{IMAGE}: no image in {folder}; `make image` puts one into .tools/image"
    return Layout(folder)


@pytest.fixture(scope="session")
def root(layout: Layout, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its files, with the owners they have in it."""
    if os.geteuid() != 0:
        pytest.skip("only root can unpack an image with its owners, and make namespaces")
    root = tmp_path_factory.mktemp("root")
    root.chmod(0o755)
    layout.unpack(root)
    return root


@pytest.fixture(scope="session")
def spec(layout: Layout, root: Path) -> Callable[..., Spec]:
    """What a pod with these arguments asks of the image."""

    def make(*arguments: str, **others: object) -> Spec:
        command = [*layout.config["Entrypoint"], *(arguments or layout.config["Cmd"])]
        return Spec(root, command, {**layout.environment, **POD}, **others)  # type: ignore[arg-type]

    return make


@pytest.fixture(scope="session")
def measured(pytestconfig: pytest.Config) -> Callable[[str], None]:
    """Takes a line for the end of the report: sizes and times say more than that they are within their bounds."""
    return pytestconfig.stash.setdefault(MEASURED, []).append


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for line in config.stash.get(MEASURED, []):
        terminalreporter.write_line(f"image: {line}")


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], ModuleType]:
    """A module of the folder `scripts`, which is no package."""
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    return importlib.import_module
