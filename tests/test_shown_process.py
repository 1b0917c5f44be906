"""What the system tells of the process, as the system has it, and where it does not."""

from __future__ import annotations

import os
import resource
import time
from pathlib import Path

import pytest

from proxy import shown_process as subject
from proxy.shown_process import bounds_of_process, most_files, most_memory, open_files, pod_labels, resident_bytes
from tests.promises.sidecars import sidecar

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/statm").exists(), reason="no /proc: nothing is told of memory here"
)
MEGABYTE = 1 << 20


def test_memory_is_what_the_kernel_says() -> None:
    said = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmRSS:")]
    resident = resident_bytes()
    assert resident is not None
    assert abs(resident - int(said[0].split()[1]) * 1024) < 8 * MEGABYTE


def test_files_are_counted() -> None:
    before = open_files()
    assert before is not None
    pipe = os.pipe()
    assert open_files() == before + 2
    for end in pipe:
        os.close(end)
    assert most_files() == resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def test_files_are_counted_where_the_folder_has_no_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "PROC", tmp_path)
    monkeypatch.setattr(os, "listdir", lambda folder: ["0", "1", "2"])
    (tmp_path / "fd").touch()
    assert open_files() == 3


def test_what_is_not_told_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "PROC", tmp_path)
    monkeypatch.setattr(subject, "CGROUPS", (tmp_path / "memory.max",))
    assert (resident_bytes(), open_files(), most_memory()) == (None, None, None)
    assert bounds_of_process() == {}


@pytest.mark.parametrize(
    ("newer", "older", "limit"),
    [
        ("134217728\n", None, 134217728.0),
        ("max\n", "134217728\n", None),
        (None, "134217728\n", 134217728.0),
        (None, "9223372036854771712\n", None),
        (None, None, None),
    ],
)
def test_the_containers_memory(
    newer: str | None, older: str | None, limit: float | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = (tmp_path / "memory.max", tmp_path / "limit_in_bytes")
    monkeypatch.setattr(subject, "CGROUPS", files)
    for file, text in zip(files, (newer, older), strict=True):
        if text is not None:
            file.write_text(text)
    assert most_memory() == limit
    assert ("memory" in bounds_of_process()) is (limit is not None)


@pytest.mark.parametrize(
    ("told", "limit"),
    [("268435456", 268435456), ("", None), ("256Mi", None), ("0", None), ("-5", None), ("9223372036854771712", None)],
)
def test_where_cgroups_are_hidden_the_pods_specification_tells(
    told: str, limit: float | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subject, "CGROUPS", (tmp_path / "memory.max",))
    environ = {"OUTRIDER_MEMORY_LIMIT": told}
    assert most_memory(environ) == limit
    assert bounds_of_process(environ).get("memory", (0, None))[1] == limit
    (tmp_path / "memory.max").write_text("max\n", "ascii")
    assert most_memory(environ) == limit
    (tmp_path / "memory.max").write_text("4096\n", "ascii")
    assert most_memory(environ) == 4096


def test_the_pod_is_what_the_environment_says() -> None:
    assert pod_labels({}) == {}
    environ = {"POD_NAME": "shop-1", "POD_NAMESPACE": "prod", "POD_WORKLOAD": "", "HOSTNAME": "x"}
    assert pod_labels(environ) == {"namespace": "prod", "pod": "shop-1"}


async def test_all_of_it_is_on_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POD_NAME", 'shop-1"} 1')
    monkeypatch.setenv("POD_NAMESPACE", "prod")
    async with sidecar(tmp_path) as running:
        page = await running.metrics()
        settings = running.sidecar.current.settings_hash
    assert page['outrider_pod_info{namespace="prod",pod="shop-1\\"} 1",workload="unknown"}'] == 1
    assert page[f'outrider_config_info{{hash="{settings}"}}'] == 1
    assert page["process_resident_memory_bytes"] > 10 * MEGABYTE
    assert page["process_cpu_seconds_total"] > 0
    assert 0 <= time.time() - page["process_start_time_seconds"] < 60
    assert 0 < page["process_open_fds"] <= page["process_max_fds"]
    assert page['outrider_bound_fill{bound="files"}'] <= page['outrider_bound_limit{bound="files"}']


async def test_the_pod_stands_on_every_sample_where_that_is_wished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POD_NAME", "shop-1")
    async with sidecar(tmp_path, ops={"hosts": ["127.0.0.1"], "port": 0, "pod_labels": True}) as running:
        page = await running.metrics()
    assert all('pod="shop-1"' in sample for sample in page)


async def test_outside_a_pod_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in subject.POD.values():
        monkeypatch.delenv(name, raising=False)
    async with sidecar(tmp_path) as running:
        page = await running.metrics()
    assert not [sample for sample in page if sample.startswith("outrider_pod_info")]
