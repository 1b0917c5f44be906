"""What of the process is shown: its memory and files, read at the scrape, which configuration it runs, and which pod it is in.

Names of `process_*` are those of Prometheus' own clients (https://prometheus.io/docs/instrumenting/writing_clientlibs/). What
the system does not tell, as outside Linux, is left out.
"""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from proxy.app import Sidecar

Reading = dict[tuple[str, ...], float]

PROC = Path("/proc/self")
#: How much memory the container may take, in cgroups of either version; the first that is there counts.
CGROUPS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
#: What the pod's specification tells, in bytes, where none of them does: a runtime may hide them.
LIMIT_VARIABLE = "OUTRIDER_MEMORY_LIMIT"
#: The older version writes a limit near 2**63 for none.
NO_LIMIT = 1 << 60
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
#: Label -> the variable that the pod's specification sets from the downward API.
POD = {"namespace": "POD_NAMESPACE", "workload": "POD_WORKLOAD", "pod": "POD_NAME"}


def pod_labels(environ: Mapping[str, str]) -> dict[str, str]:
    """What is known of the pod; nothing outside Kubernetes."""
    return {label: environ[name] for label, name in POD.items() if environ.get(name)}


def add_process_gauges(sidecar: Sidecar, environ: Mapping[str, str]) -> None:
    gauge, count = sidecar.metrics.gauge, sidecar.metrics.count
    pod = pod_labels(environ)
    pod_info: Reading = {tuple(pod.get(label, "") for label in POD): 1.0} if pod else {}
    gauge("outrider_pod_info", "Always 1; the labels say where it runs.", lambda: pod_info, tuple(POD))
    config = "Always 1; the label is the hash of the configuration in use, without keys."
    gauge("outrider_config_info", config, lambda: {(sidecar.current.settings_hash,): 1.0}, ("hash",))
    began = time.time() - sidecar.uptime()
    gauge("process_start_time_seconds", "When it began, since the epoch.", lambda: began)
    count("process_cpu_seconds_total", "CPU time, of the user and the system.", time.process_time)
    gauge("process_resident_memory_bytes", "Memory that is resident.", lambda: shown(resident_bytes()))
    gauge("process_open_fds", "Open files and sockets.", lambda: shown(open_files()))
    gauge("process_max_fds", "How many there may be.", lambda: shown(most_files()))


def bounds_of_process(environ: Mapping[str, str] = os.environ) -> dict[str, tuple[float, float]]:
    """What the system bounds, as (fill, limit)."""
    pairs = {"memory": (resident_bytes(), most_memory(environ)), "files": (open_files(), most_files())}
    return {name: (fill, limit) for name, (fill, limit) in pairs.items() if fill is not None and limit is not None}


def resident_bytes() -> float | None:
    """The second number of /proc/self/statm, in pages (proc(5))."""
    try:
        return float((PROC / "statm").read_text("ascii").split()[1]) * PAGE_BYTES
    except OSError:
        return None


def open_files() -> float | None:
    """Linux tells their number as the folder's size since 6.2; before that they have to be counted."""
    folder = PROC / "fd"
    try:
        return float(folder.stat().st_size or len(os.listdir(folder)))
    except OSError:
        return None


def most_files() -> float | None:
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return None if most == resource.RLIM_INFINITY else float(most)


def most_memory(environ: Mapping[str, str] = os.environ) -> float | None:
    """The container's limit in bytes; None where it has none."""
    for path in CGROUPS:
        try:
            limit = path.read_text("ascii").strip()
        except OSError:
            continue
        if limit.isdigit() and int(limit) < NO_LIMIT:
            return float(limit)
        break
    told = environ.get(LIMIT_VARIABLE, "")
    return float(told) if told.isascii() and told.isdigit() and 0 < int(told) < NO_LIMIT else None


def shown(number: float | None) -> Reading:
    return {} if number is None else {(): number}
