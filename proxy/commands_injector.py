"""`outrider injector`: the admission webhook as a process, from options to exit code. What it does is proxy/injector's.

Like `serve` it can be told to end before anything is imported: as process 1 of a container it would not hear it otherwise.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from types import FrameType

FAILED = 1
REFUSED = 2


def injector(arguments: argparse.Namespace) -> int:
    """Until SIGTERM or SIGINT. 0 when it was told to end, 1 when it could not go on, 2 for what it was told wrong."""
    signal.signal(signal.SIGTERM, end_at_once)
    from proxy.injector.settings import BadOption, settings_of

    try:
        settings = settings_of(arguments, os.environ)
    except BadOption as error:
        return ended(error, REFUSED)
    from proxy.injector.log_lines import write_lines

    write_lines(settings.log_level, sys.stderr)
    from proxy.injector.process import main
    from proxy.injector.template import TemplateError

    try:
        return main(settings)
    except TemplateError as error:
        return ended(f"--template {settings.template}: {error}", REFUSED)
    except (ModuleNotFoundError, OSError) as error:
        return ended(error, FAILED)


def ended(error: object, code: int) -> int:
    sys.stderr.write(f"outrider injector: {error}\n")
    return code


def end_at_once(number: int, frame: FrameType | None) -> None:
    """Before anything is served nothing has to be finished."""
    raise SystemExit(0)
