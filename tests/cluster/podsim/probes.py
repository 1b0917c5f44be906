"""Probes and hooks: what they ask, and after how many answers their word changes.

https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/; a httpGet is asked from the
node at the pod's address, as kubelet does.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

from tests.cluster.podsim.objects import Json
from tests.cluster.podsim.process import Run

Check = Callable[[], Awaitable[bool]]


def port_of(container: Json, port: int | str) -> int:
    """By number, or by the name of one of the container's ports."""
    if isinstance(port, int):
        return port
    return next(int(each["containerPort"]) for each in container["ports"] if each.get("name") == port)


async def http_get(host: str, port: int, path: str) -> int:
    """The status of an answer. OSError or EOFError where there is none."""
    reader, writer = await asyncio.open_connection(host, port)
    try:
        shown = f"[{host}]" if ":" in host else host
        writer.write(
            f"GET {path} HTTP/1.1\r\nHost: {shown}:{port}\r\nUser-Agent: kube-probe/1.36\r\nConnection: close\r\n\r\n".encode()
        )
        line = await reader.readuntil(b"\r\n")
        return int(line.split()[1])
    finally:
        writer.close()


def action(spec: Json, container: Json, run: Run, address: str) -> Check:
    """What a probe or a hook does once: httpGet, tcpSocket, exec or sleep; whether it went well."""
    if "httpGet" in spec:
        asked = spec["httpGet"]
        host, port = asked.get("host") or address, port_of(container, asked["port"])
        return lambda: _answers(host, port, asked.get("path", "/"))
    if "tcpSocket" in spec:
        asked = spec["tcpSocket"]
        return lambda: _connects(asked.get("host") or address, port_of(container, asked["port"]))
    if "exec" in spec:
        return lambda: _executes(run, spec["exec"]["command"])
    if "sleep" in spec:
        return lambda: _sleeps(spec["sleep"]["seconds"])
    raise NotImplementedError(f"{sorted(spec)} is not simulated")


async def _answers(host: str, port: int, path: str) -> bool:
    try:
        return 200 <= await http_get(host, port, path) < 400
    except (OSError, EOFError):
        return False


async def _connects(host: str, port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(host, port)
    except OSError:
        return False
    writer.close()
    return True


async def _executes(run: Run, command: list[str]) -> bool:
    return await run.execute(command) == 0


async def _sleeps(seconds: float) -> bool:
    await asyncio.sleep(seconds)
    return True


async def verdicts(spec: Json, check: Check) -> AsyncIterator[bool]:
    """Each time as many answers in a row are alike as the probe wants: what it takes the container for."""
    thresholds = {True: spec.get("successThreshold", 1), False: spec.get("failureThreshold", 3)}
    await asyncio.sleep(spec.get("initialDelaySeconds", 0))
    last, alike = None, 0
    while True:
        good = await _in_time(check, spec.get("timeoutSeconds", 1))
        alike = alike + 1 if good == last else 1
        last = good
        if alike == thresholds[good]:
            yield good
        await asyncio.sleep(spec.get("periodSeconds", 10))


async def _in_time(check: Check, seconds: float) -> bool:
    try:
        return await asyncio.wait_for(check(), seconds)
    except TimeoutError:
        return False
