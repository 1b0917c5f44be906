"""What each command takes: its options, as argparse has them. What the commands do with them is not known here.

Nothing is imported but the standard library, and the parser is the one source of `--help`, of usage errors and of completion.
"""

from __future__ import annotations

import argparse
import math
import os
import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from proxy.command_examples import EPILOG, OF_COMMAND
from proxy.command_line_kubernetes import add_inject, add_injector

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
KEYS = "a directory of keys, as a mounted Secret is: each file is named like its provider or variable (default: $OUTRIDER_KEYS)"
SHELLS = ("bash", "zsh", "fish")
#: The port of each address, unless its variable says otherwise.
PORTS = {"OUTRIDER_PORT": 11411, "OUTRIDER_OPS_PORT": 11412}


def parser() -> argparse.ArgumentParser:
    whole = argparse.ArgumentParser(
        prog="outrider",
        description="A sidecar reverse proxy for LLM APIs.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = whole.add_subparsers(dest="command", required=True, metavar="command")
    for name, entry in ENTRIES.items():
        raw = argparse.RawDescriptionHelpFormatter
        about = f"{entry.about[0].upper()}{entry.about[1:]}."
        entry.add(
            commands.add_parser(name, help=entry.about, description=about, epilog=OF_COMMAND[name], formatter_class=raw)
        )
    return whole


def count(text: str) -> int:
    if not re.fullmatch("[0-9]{1,12}", text):
        raise argparse.ArgumentTypeError(f"a whole number of at most 12 digits, not {text!r}")
    return int(text)


def some(text: str) -> int:
    if not count(text):
        raise argparse.ArgumentTypeError("a whole number above 0, not 0")
    return int(text)


def seconds(text: str) -> float:
    try:
        found = float(text.removesuffix("s"))
    except ValueError:
        found = math.nan
    if not 0 <= found <= 86400:
        raise argparse.ArgumentTypeError(f"seconds, 0 to 86400, not {text!r}")
    return found


def patience(text: str) -> float:
    found = seconds(text)
    if not found:
        raise argparse.ArgumentTypeError("seconds above 0")
    return found


def address(variable: str) -> str:
    return f"http://127.0.0.1:{os.environ.get(variable) or PORTS[variable]}"


def add_config(of: argparse.ArgumentParser) -> None:
    of.add_argument("--config", metavar="PATH", help=CONFIG)


def add_keys(of: argparse.ArgumentParser) -> None:
    add_config(of)
    of.add_argument("--keys", metavar="DIR", help=KEYS)


def add_json(of: argparse.ArgumentParser, about: str = "print the result as JSON") -> None:
    of.add_argument("--json", action="store_true", help=about)


def add_ops_url(of: argparse.ArgumentParser) -> None:
    told = "the ops port of the sidecar (default: %(default)s)"
    of.add_argument("--url", metavar="URL", default=address("OUTRIDER_OPS_PORT"), help=told)


def add_check(of: argparse.ArgumentParser) -> None:
    add_keys(of)
    of.add_argument("--all", action="store_true", help="show the settings that are defaults, too")
    of.add_argument("--schema", action="store_true", help="print the JSON Schema of the configuration, and no more")
    add_json(of)


def add_doctor(of: argparse.ArgumentParser) -> None:
    add_keys(of)
    of.add_argument("--provider", metavar="NAME", help="check one provider alone, by its configured name")
    told = "how long one check may take (default: %(default)g)"
    of.add_argument("--timeout", type=patience, default=5.0, metavar="SECONDS", help=told)
    add_json(of)


def add_tail(of: argparse.ArgumentParser) -> None:
    of.add_argument("--failed", action="store_true", help="those that failed")
    of.add_argument("--model", metavar="PATTERN", help="of models as they were asked for; * stands for anything")
    of.add_argument("--provider", metavar="PATTERN", help="of providers, by their configured names; * for anything")
    told = "that took longer"
    of.add_argument("--slower-than", type=seconds, default=0.0, metavar="SECONDS", help=told)
    told = "that failed so (may be given again): timeout, provider_rate_limited..."
    of.add_argument("--kind", action="append", default=[], metavar="KIND", help=told)
    told = "so many of the calls before, which the sidecar remembers up to 200 of (default: %(default)s)"
    of.add_argument("--last", type=count, default=10, metavar="N", help=told)
    of.add_argument("--count", type=some, metavar="N", help="end after so many")
    add_ops_url(of)
    add_json(of, "print a line of JSON for each, as in the log")


def add_top(of: argparse.ArgumentParser) -> None:
    of.add_argument("--once", action="store_true", help="print one table and end; so does what is no terminal")
    add_ops_url(of)
    add_json(of, "print a line of JSON each second, or with --once one alone")


def add_models(of: argparse.ArgumentParser) -> None:
    add_config(of)
    of.add_argument("--provider", metavar="NAME", help="one provider alone, by its configured name or its kind")
    of.add_argument("--can", metavar="CAPABILITY", help="models that are known to have it: vision, tools, reasoning...")
    add_json(of, "print them as JSON")


def add_prices(of: argparse.ArgumentParser) -> None:
    of.add_argument("model", nargs="?", help="an alias, provider:model, or a bare name")
    add_config(of)
    told = "the call, each token counted once: what is named otherwise is no --input or --output"
    tokens = of.add_argument_group(told)
    for option, bucket in COUNTED.items():
        tokens.add_argument(option, dest=bucket, type=count, metavar="N")
    of.add_argument("--at", metavar="TIME", help="when: a date or a time, UTC unless it says otherwise (default: now)")
    of.add_argument("--tier", default="", metavar="NAME", help="the service tier: flex, priority, batch...")
    told = "the cheapest models, of 1000 tokens in and 500 out by default"
    of.add_argument("--cheapest", action="store_true", help=told)
    of.add_argument("--provider", metavar="NAME", help="with --cheapest: of one provider, by its name or its kind")
    told = "with --cheapest: that can tools, vision..."
    of.add_argument("--capability", action="append", metavar="CAPABILITY", help=told)
    of.add_argument("--limit", type=count, default=10, metavar="N", help="with --cheapest: so many (default: 10)")
    add_json(of, "print it as JSON")


def add_chat(of: argparse.ArgumentParser) -> None:
    of.add_argument("text", help="what to say; - reads it from standard input")
    of.add_argument("--model", default="mock", help="an alias, provider:model, or a bare name (default: mock)")
    of.add_argument("--system", metavar="TEXT", help="a system prompt")
    told = "the sidecar (default: %(default)s)"
    of.add_argument("--url", metavar="URL", default=address("OUTRIDER_PORT"), help=told)
    told = "print tokens as they arrive (the default)"
    of.add_argument("--stream", action=argparse.BooleanOptionalAction, default=True, help=told)
    add_json(of, "print the whole reply as JSON, errors too; nothing is streamed")


def add_completion(of: argparse.ArgumentParser) -> None:
    of.add_argument("shell", choices=SHELLS, help="whose script is printed: bash, zsh or fish")


class Entry(NamedTuple):
    """A command: what it does, in a few words, and who adds its options."""

    about: str
    add: Callable[[argparse.ArgumentParser], None]


ENTRIES: Mapping[str, Entry] = {
    "serve": Entry("run the sidecar", add_keys),
    "check": Entry("validate a configuration and show what it amounts to", add_check),
    "doctor": Entry("find out what is wrong around the sidecar, and what to do about it", add_doctor),
    "tail": Entry("follow the calls of the running sidecar as they end", add_tail),
    "top": Entry("watch the running sidecar in a live table", add_top),
    "models": Entry("show every provider with its models, what they can and what they cost", add_models),
    "prices": Entry("show what a model costs, or which is the cheapest", add_prices),
    "chat": Entry("ask a model through the running sidecar", add_chat),
    "inject": Entry("put the sidecar into the pods of Kubernetes manifests", add_inject),
    "injector": Entry("put the sidecar into pods as they are created: the admission webhook", add_injector),
    "completion": Entry("print what lets a shell complete commands and options", add_completion),
    "version": Entry("print the version", add_json),
}
