"""Pods of IPv4, of IPv6 and of both: with its defaults the sidecar is reached over whatever there is. In network namespaces."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import orjson
import pytest

from tests.promises.caller import until
from tests.promises.namespaces import unfit
from tests.promises.sidecars import PATIENCE, ROOT, InProcess

#: What a pod's network has: how it is made, and at which addresses probes come and applications call.
V4, V6 = "ip address add 10.9.9.9/32 dev lo", "ip address add fd00::9/128 dev lo nodad"
WITHOUT_V6 = "sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.lo.disable_ipv6=1"
NETWORKS: dict[str, tuple[list[str], list[str], list[str]]] = {
    "IPv4": ([WITHOUT_V6, V4], ["10.9.9.9"], ["127.0.0.1"]),
    "IPv6": ([V6], ["[fd00::9]"], ["127.0.0.1", "[::1]"]),
    "IPv6, and no trace of IPv4": ([V6, "ip address del 127.0.0.1/8 dev lo"], ["[fd00::9]"], ["[::1]"]),
    "both": ([V4, V6], ["10.9.9.9", "[fd00::9]"], ["127.0.0.1", "[::1]"]),
}
#: Run in the namespace: prints the status of each address.
PROBE = "import sys, urllib.request as r; print(*[r.urlopen(url, timeout=5).status for url in sys.argv[1:]])"


WHY_NOT = unfit("--net", "nsenter", "ip", "sysctl")
pytestmark = pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT))


async def statuses(pid: int, urls: list[str]) -> list[str]:
    inside = ["nsenter", "--net", "--target", str(pid), sys.executable, "-c", PROBE, *urls]
    asked = await asyncio.create_subprocess_exec(
        *inside, stdout=asyncio.subprocess.PIPE, env={"PATH": os.environ["PATH"]}
    )
    async with asyncio.timeout(PATIENCE):
        out, _ = await asked.communicate()
    return out.decode().split()


@pytest.mark.parametrize("network", NETWORKS)
async def test_it_is_reached_over_what_there_is(network: str, tmp_path: Path) -> None:
    setup, probed, asked = NETWORKS[network]
    script = " && ".join(["ip link set lo up", *setup, f"exec {sys.executable} -P -m proxy serve"])
    with (tmp_path / "log").open("wb") as stderr:
        started = await asyncio.create_subprocess_exec(
            "unshare", "--net", "sh", "-c", script,
            stderr=stderr, env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
    running = InProcess(started, tmp_path / "log")
    try:
        await until(lambda: '"serving"' in running.log() or started.returncode is not None, PATIENCE)
        assert started.returncode is None, running.log()
        urls = [f"http://{host}:11412/readyz" for host in probed] + [f"http://{host}:11411/v1/models" for host in asked]
        assert await statuses(running.pid, urls) == ["200"] * len(urls)
        running.stop()
        assert await running.ended() == 0
    finally:
        if started.returncode is None:
            started.kill()
            await started.wait()
    [line] = [orjson.loads(line) for line in running.log().splitlines() if '"serving"' in line]
    assert {host for host, _ in line["listen"]} == {host.strip("[]") for host in asked}
