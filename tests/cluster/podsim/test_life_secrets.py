"""What the containers of a pod can see of each other: the application no key, the sidecar no token of the API server."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.cluster.podsim.images import SYSTEM
from tests.cluster.podsim.objects import TOKEN
from tests.cluster.podsim.pod import Pod
from tests.cluster.podsim.stage import ACCOUNT, FIRST, Stage, app, asking, manifest

pytestmark = pytest.mark.usefixtures("isolation")

#: What is the same in every container: programs, and what the kernel shows.
EVERYWHERE = {"proc", "dev", *(path.strip("/") for path in SYSTEM)}


def process(pod: Pod, name: str) -> Path:
    run = pod.container(name).run
    assert run is not None
    return Path(f"/proc/{run.pid}")


def files(root: Path) -> list[Path]:
    """Every file that only this container has, through its own eyes: its root, its mounts."""
    found: list[Path] = []
    for folder, inner, names in os.walk(root):
        at = Path(folder).relative_to(root)
        inner[:] = [each for each in inner if str(at / each) not in EVERYWHERE and each not in (".venv", ".pyenv")]
        found += [Path(folder, name) for name in names]
    return found


def finds(root: Path, text: str) -> list[str]:
    return [str(path) for path in files(root) if path.is_file() and text.encode() in path.read_bytes()]


async def test_the_application_sees_no_key(stage: Stage) -> None:
    init = (app("--calls", "1", name="warm-up"),)
    async with stage.pod(manifest(app(), init=init)) as pod:
        await asking(pod)
        own = process(pod, "app")
        environment = (own / "environ").read_bytes().decode()
        mounts = (own / "mountinfo").read_text()
        seen, keys = finds(own / "root", FIRST), finds(process(pod, "outrider") / "root", FIRST)
        tokens = finds(own / "root", TOKEN)
        processes = [path.name for path in (own / "root" / "proc").iterdir() if path.name.isdigit()]
        await pod.delete()
    assert FIRST not in environment + mounts + pod.text("app")
    assert seen == []
    assert "outrider" not in mounts
    assert keys, "the search finds the key where it is"
    assert tokens, "the search finds what the application has"
    assert FIRST not in pod.text("outrider")
    assert processes == ["1"]


async def test_the_environment_is_what_the_pod_says(stage: Stage) -> None:
    async with stage.pod(manifest(app())) as pod:
        await asking(pod)
        text = (process(pod, "app") / "environ").read_bytes().decode()
        await pod.delete()
    found = dict(entry.split("=", 1) for entry in text.rstrip("\0").split("\0"))
    wanted = {each["name"]: each["value"] for each in pod.container("app").spec["env"]}
    assert found.pop("PATH")
    assert found == wanted
    assert wanted["OPENAI_API_KEY"] == "sidecar-managed"


async def test_the_sidecar_has_no_token_of_the_api_server(stage: Stage) -> None:
    async with stage.pod(manifest(app())) as pod:
        await asking(pod)
        own = process(pod, "outrider") / "root"
        held, tokens = os.listdir(f"{own}{ACCOUNT}"), finds(own, TOKEN)
        await pod.delete()
    assert (held, tokens) == ([], [])


async def test_the_sidecar_is_held_to_its_security_context(stage: Stage) -> None:
    async with stage.pod(manifest(app())) as pod:
        await asking(pod)
        facts = dict(line.split(":\t", 1) for line in (process(pod, "outrider") / "status").read_text().splitlines())
        run = pod.container("outrider").run
        assert run is not None
        written = await run.execute(["python3", "-c", "open('/here', 'w')"])
        await pod.delete()
    assert facts["Uid"].split() == ["65532"] * 4
    assert facts["NoNewPrivs"].strip() == "1"
    assert int(facts["CapEff"], 16) == int(facts["CapBnd"], 16) == 0
    assert written == 1
