"""`python -m tests.cluster.hurried injector ...`: the injector, but its certificates live for seconds."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from datetime import timedelta

from proxy.command_line_kubernetes import add_injector
from proxy.injector.certificates import Lifetimes
from proxy.injector.cluster import Access, Cluster
from proxy.injector.log_lines import write_lines
from proxy.injector.running import Injector, Pace, now
from proxy.injector.settings import settings_of

PACE = Pace(certificates=0.3)
LIFETIMES = Lifetimes(
    ca=timedelta(seconds=12), leaf=timedelta(seconds=8), early=timedelta(0), settle=timedelta(seconds=1.5), ca_share=0.6
)


async def main() -> None:
    parser = argparse.ArgumentParser()
    add_injector(parser)
    settings = settings_of(parser.parse_args(sys.argv[2:]), os.environ)
    write_lines(settings.log_level, sys.stderr)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with Cluster(Access(settings.api, settings.token_file, settings.ca_file)) as cluster:
        await Injector(settings, cluster, PACE, LIFETIMES, now).run(stop)


if __name__ == "__main__":
    asyncio.run(main())
