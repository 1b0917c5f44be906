"""The `outrider` command: which commands there are, what they take, and what their exit codes mean.

Nothing heavy is imported before a command needs it: a process that is told to end while it starts must end at once.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from types import FrameType

from proxy import __version__

FAILED = 1
REFUSED = 2

EPILOG = """\
examples:
  outrider serve                                  every provider whose key is in the environment, and the mock
  outrider serve --config /etc/outrider/config    a file, or a directory that holds config.yaml
  outrider check --config config.yaml             what is on, what is off and why
  outrider models --can vision                    models that take images, with their windows and prices
  outrider prices gpt-4o --input 1000 --output 500   what a model costs, and what a call does
  outrider prices --cheapest --capability tools      the cheapest models that can
  outrider chat "Say hello"                       ask the mock, through the running sidecar
  outrider chat --model openai:gpt-4o-mini "Hi"   ask a provider
  echo "Summarise this" | outrider chat -         the prompt from standard input

exit codes:
  0   it went well
  1   it failed: no answer, an error of the provider, an alias that leads nowhere
  2   wrong usage, or a configuration with a fault
  130 interrupted
"""
PRICES = """\
examples:
  outrider prices gpt-4o                                    all that is known of its price
  outrider prices gpt-4o --input 800 --cached 200 --output 500
  outrider prices openai:gpt-5 --input 1000 --output 500 --tier flex
  outrider prices deepseek-flash --input 1000 --at 2026-12-01T02:00
  outrider prices --cheapest --provider anthropic
  outrider prices --cheapest --capability tools --capability vision --input 5000 --output 200

exit codes:
  0   it is known
  1   the price, or that of something counted, is not known
  2   wrong usage, no such model, or a configuration with a fault
"""
#: Option -> bucket of `call.Usage`.
COUNTED = {
    "--input": "input",
    "--output": "output",
    "--cached": "cache_read",
    "--cache-write": "cache_write",
    "--cache-write-1h": "cache_write_1h",
    "--reasoning": "reasoning",
    "--audio-input": "audio_input",
    "--audio-cached": "audio_cache_read",
    "--audio-output": "audio_output",
    "--image-input": "image_input",
    "--image-output": "image_output",
    "--searches": "searches",
}
CONFIG = "the configuration, a file or a directory (default: $OUTRIDER_CONFIG, else built-in defaults)"


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; argparse itself exits with 2 on wrong usage."""
    arguments = _parser().parse_args(argv)
    return COMMANDS[arguments.command](arguments)


def serve(arguments: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT."""
    # As process 1 of a container there is no default action: without a handler SIGTERM would be ignored.
    signal.signal(signal.SIGTERM, _end_at_once)
    # Its compiled form brings the C++ library along, a megabyte in every pod; aiohttp keeps lists of signals in it and no more.
    os.environ.setdefault("FROZENLIST_NO_EXTENSIONS", "1")
    from proxy.app import main as serve_until_stopped
    from proxy.config import ConfigError

    try:
        return serve_until_stopped(arguments.config)
    except ConfigError as error:
        print(*(f"outrider: {fault}" for fault in error.every), sep="\n", file=sys.stderr)
        return REFUSED
    except OSError as error:
        print(f"outrider: {error}", file=sys.stderr)
        return FAILED


def _end_at_once(number: int, frame: FrameType | None) -> None:
    """Before anything is served nothing has to be drained."""
    raise SystemExit(0)


def check(arguments: argparse.Namespace) -> int:
    from proxy.commands import check

    return check(arguments.config, schema=arguments.schema, as_json=arguments.json)


def models(arguments: argparse.Namespace) -> int:
    from proxy.commands_models import Wanted, models

    return models(arguments.config, Wanted(arguments.provider, arguments.can), as_json=arguments.json)


def prices(arguments: argparse.Namespace) -> int:
    from proxy.commands_prices import Wanted, prices

    counts = {bucket: getattr(arguments, bucket) or 0 for bucket in COUNTED.values()}
    can = tuple(arguments.capability or ())
    wanted = Wanted(arguments.model, counts, arguments.at, arguments.tier, arguments.cheapest, arguments.provider, can)
    return prices(arguments.config, wanted._replace(limit=arguments.limit), as_json=arguments.json)


def chat(arguments: argparse.Namespace) -> int:
    from proxy.commands import chat

    return chat(arguments.text, arguments.model, arguments.url, system=arguments.system, stream=arguments.stream)


def version(arguments: argparse.Namespace) -> int:
    print(f"outrider {__version__}")
    return 0


COMMANDS: Mapping[str, Callable[[argparse.Namespace], int]] = {
    "serve": serve,
    "check": check,
    "models": models,
    "prices": prices,
    "chat": chat,
    "version": version,
}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="outrider",
        description="A sidecar reverse proxy for LLM APIs.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    _add_serve(commands.add_parser("serve", help="run the sidecar"))
    _add_check(commands.add_parser("check", help="validate a configuration and show what it amounts to"))
    _add_models(
        commands.add_parser("models", help="show every provider with its models, what they can and what they cost")
    )
    about = "show what a model costs, or which is the cheapest"
    _add_prices(
        commands.add_parser("prices", help=about, epilog=PRICES, formatter_class=argparse.RawDescriptionHelpFormatter)
    )
    _add_chat(commands.add_parser("chat", help="ask a model through the running sidecar"))
    commands.add_parser("version", help="print the version")
    return parser


def _add_serve(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", metavar="PATH", help=CONFIG)


def _add_check(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", metavar="PATH", help=CONFIG)
    parser.add_argument("--schema", action="store_true", help="print the JSON Schema of the configuration, and no more")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def _add_models(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", metavar="PATH", help=CONFIG)
    parser.add_argument("--provider", metavar="NAME", help="one provider alone, by its configured name or its kind")
    parser.add_argument(
        "--can", metavar="CAPABILITY", help="models that are known to have it: vision, tools, reasoning..."
    )
    parser.add_argument("--json", action="store_true", help="print them as JSON")


def _add_prices(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", nargs="?", help="an alias, provider:model, or a bare name")
    parser.add_argument("--config", metavar="PATH", help=CONFIG)
    tokens = parser.add_argument_group(
        "the call, each token counted once: what is named otherwise is no --input or --output"
    )
    for option, bucket in COUNTED.items():
        tokens.add_argument(option, dest=bucket, type=count, metavar="N")
    parser.add_argument(
        "--at", metavar="TIME", help="when: a date or a time, UTC unless it says otherwise (default: now)"
    )
    parser.add_argument("--tier", default="", metavar="NAME", help="the service tier: flex, priority, batch...")
    parser.add_argument(
        "--cheapest", action="store_true", help="the cheapest models, of 1000 tokens in and 500 out by default"
    )
    parser.add_argument("--provider", metavar="NAME", help="with --cheapest: of one provider, by its name or its kind")
    parser.add_argument(
        "--capability", action="append", metavar="NAME", help="with --cheapest: that can tools, vision..."
    )
    parser.add_argument("--limit", type=count, default=10, metavar="N", help="with --cheapest: so many (default: 10)")
    parser.add_argument("--json", action="store_true", help="print it as JSON")


def count(text: str) -> int:
    if not re.fullmatch("[0-9]{1,12}", text):
        raise argparse.ArgumentTypeError(f"a whole number of at most 12 digits, not {text!r}")
    return int(text)


def _add_chat(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("text", help="what to say; - reads it from standard input")
    parser.add_argument("--model", default="mock", help="an alias, provider:model, or a bare name (default: mock)")
    parser.add_argument("--system", metavar="TEXT", help="a system prompt")
    url = f"http://127.0.0.1:{os.environ.get('OUTRIDER_PORT') or 11411}"
    parser.add_argument("--url", default=url, help="the sidecar (default: %(default)s)")
    parser.add_argument(
        "--stream",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="print tokens as they arrive (the default)",
    )


if __name__ == "__main__":
    sys.exit(main())
