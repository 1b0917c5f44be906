"""The `outrider` command: which commands there are, and who does what each says. What they take is in command_line.py.

Nothing heavy is imported before a command needs it: a process that is told to end while it starts must end at once.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from types import FrameType
from typing import TYPE_CHECKING

from proxy import __version__

if TYPE_CHECKING:
    import argparse

FAILED = 1
REFUSED = 2
#: Commands that run as process 1 of a container.
OF_CONTAINERS = ("serve", "injector")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; argparse itself exits with 2 on wrong usage."""
    words = sys.argv[1:] if argv is None else argv
    if words and words[0] in OF_CONTAINERS:
        # As process 1 there is no default action: without a handler the kernel drops the signal (pid_namespaces(7)).
        signal.signal(signal.SIGTERM, _end_at_once)
    from proxy.command_line import parser

    arguments = parser().parse_args(argv)
    return COMMANDS[arguments.command](arguments)


def serve(arguments: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT."""
    # Its compiled form brings the C++ library along, a megabyte in every pod; aiohttp keeps lists of signals in it and no more.
    os.environ.setdefault("FROZENLIST_NO_EXTENSIONS", "1")
    from proxy.app import main as serve_until_stopped
    from proxy.config import ConfigError

    try:
        return serve_until_stopped(arguments.config, arguments.keys)
    except ConfigError as error:
        print(*(f"outrider: {fault}" for fault in error.every), sep="\n", file=sys.stderr)
        return REFUSED
    except OSError as error:
        print(f"outrider: {error}", file=sys.stderr)
        return FAILED


def _end_at_once(number: int, frame: FrameType | None) -> None:
    """Before anything is served nothing has to be drained. An exception could be lost in a callback of the interpreter's own."""
    os._exit(0)


def check(arguments: argparse.Namespace) -> int:
    from proxy.commands import check

    return check(arguments.config, arguments.keys, schema=arguments.schema, as_json=arguments.json, every=arguments.all)


def doctor(arguments: argparse.Namespace) -> int:
    from proxy.commands_doctor import Wanted, doctor

    wanted = Wanted(arguments.provider, arguments.timeout, arguments.keys)
    return doctor(arguments.config, wanted, as_json=arguments.json)


def tail(arguments: argparse.Namespace) -> int:
    from proxy.commands_tail import Wanted, tail

    kinds = tuple(arguments.kind)
    wanted = Wanted(arguments.failed, arguments.model, arguments.provider, arguments.slower_than, kinds)
    return tail(arguments.url, wanted, arguments.last, arguments.count, as_json=arguments.json)


def top(arguments: argparse.Namespace) -> int:
    from proxy.commands_top import top

    return top(arguments.url, once=arguments.once, as_json=arguments.json)


def models(arguments: argparse.Namespace) -> int:
    from proxy.commands_models import Wanted, models

    return models(arguments.config, Wanted(arguments.provider, arguments.can), as_json=arguments.json)


def prices(arguments: argparse.Namespace) -> int:
    from proxy.command_line import COUNTED
    from proxy.commands_prices import Wanted, prices

    counts = {bucket: getattr(arguments, bucket) or 0 for bucket in COUNTED.values()}
    can = tuple(arguments.capability or ())
    wanted = Wanted(arguments.model, counts, arguments.at, arguments.tier, arguments.cheapest, arguments.provider, can)
    return prices(arguments.config, wanted._replace(limit=arguments.limit), as_json=arguments.json)


def chat(arguments: argparse.Namespace) -> int:
    from proxy.commands import chat

    stream = arguments.stream and not arguments.json
    as_json, system = arguments.json, arguments.system
    return chat(arguments.text, arguments.model, arguments.url, system=system, stream=stream, as_json=as_json)


def inject(arguments: argparse.Namespace) -> int:
    from proxy.commands_inject import Wanted, inject

    native = "always" if arguments.native else "never" if arguments.classic else None
    wanted = Wanted(arguments.all, arguments.template, native, arguments.server_version, arguments.namespace)
    return inject(arguments.file, wanted, as_json=arguments.output == "json")


def injector(arguments: argparse.Namespace) -> int:
    from proxy.commands_injector import injector

    return injector(arguments)


def completion(arguments: argparse.Namespace) -> int:
    from proxy.commands_completion import completion

    return completion(arguments.shell)


def version(arguments: argparse.Namespace) -> int:
    print(f'{{"version": "{__version__}"}}' if arguments.json else f"outrider {__version__}")
    return 0


COMMANDS: Mapping[str, Callable[[argparse.Namespace], int]] = {
    "serve": serve,
    "check": check,
    "doctor": doctor,
    "tail": tail,
    "top": top,
    "models": models,
    "prices": prices,
    "chat": chat,
    "inject": inject,
    "injector": injector,
    "completion": completion,
    "version": version,
}


if __name__ == "__main__":
    sys.exit(main())
