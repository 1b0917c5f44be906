"""The injector from start to exit code: signals, the event loop, and what is said when it cannot go on."""

from __future__ import annotations

import asyncio
import logging
import signal

from proxy.injector.certificates import require_cryptography
from proxy.injector.running import run
from proxy.injector.settings import Settings

log = logging.getLogger(__name__)

FAILED = 1


def main(settings: Settings) -> int:
    """0 after SIGTERM or SIGINT, 1 when a part of it broke. Raises TemplateError, ModuleNotFoundError, OSError."""
    require_cryptography()
    try:
        asyncio.run(until_told(settings))
    except ExceptionGroup as broken:
        log.error("a part of the injector broke", exc_info=broken.exceptions[0])
        return FAILED
    return 0


async def until_told(settings: Settings) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await run(settings, stop)
