"""What `outrider inject` and `outrider injector` take, as argparse has it; the other commands' options are in command_line.py."""

from __future__ import annotations

import argparse
import re

TEMPLATE = "/etc/outrider/template/template.json"
LEVELS = ("debug", "info", "warning", "error")


def version(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"v?([0-9]{1,3})\.([0-9]{1,3})(\..*)?", text)
    if not found:
        raise argparse.ArgumentTypeError(f"a version of Kubernetes such as 1.33, not {text!r}")
    return int(found[1]), int(found[2])


def port(text: str) -> int:
    if not re.fullmatch("[0-9]{1,5}", text) or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"a port, 0 to 65535, not {text!r}")
    return int(text)


def add_inject(of: argparse.ArgumentParser) -> None:
    told = "YAML or JSON, may be given again; - is standard input (the default)"
    of.add_argument("-f", "--file", action="append", default=[], metavar="PATH", help=told)
    told = "how what was injected is printed (default: %(default)s)"
    of.add_argument("-o", "--output", choices=("yaml", "json"), default="yaml", help=told)
    told = 'pods without the label outrider.dev/inject, too; those with it set to "false" never'
    of.add_argument("--all", action="store_true", help=told)
    told = "the injection template (default: the one of this version's chart)"
    of.add_argument("--template", metavar="PATH", help=told)
    kind = of.add_mutually_exclusive_group()
    kind.add_argument("--native", action="store_true", help="a native sidecar, whatever the template says")
    kind.add_argument("--classic", action="store_true", help="an ordinary container, whatever the template says")
    told = "of the API server, such as 1.33: with native: auto it decides between the two (default: a new one)"
    of.add_argument("--server-version", type=version, metavar="VERSION", help=told)
    told = "of objects that name none (default: %(default)s)"
    of.add_argument("--namespace", default="default", metavar="NAME", help=told)


def add_injector(of: argparse.ArgumentParser) -> None:
    told = "the injection template, a mounted file that is looked at every two seconds (default: %(default)s)"
    of.add_argument("--template", default=TEMPLATE, metavar="PATH", help=told)
    told = "its own namespace (default: $POD_NAMESPACE, else that of the service account)"
    of.add_argument("--namespace", metavar="NAME", help=told)
    for option, default, told in OBJECTS:
        of.add_argument(option, default=default, metavar="NAME", help=f"{told} (default: %(default)s)")
    told = "where it listens (default: :: and 0.0.0.0)"
    of.add_argument("--hosts", nargs="+", metavar="ADDRESS", help=told)
    of.add_argument(
        "--port", type=port, default=10250, metavar="PORT", help="for the API server (default: %(default)s)"
    )
    told = "for probes and metrics (default: %(default)s)"
    of.add_argument("--ops-port", type=port, default=11412, metavar="PORT", help=told)
    add_tls(of)
    told = "what an internal error is answered with (default: %(default)s)"
    of.add_argument("--on-error", choices=("deny", "allow"), default="deny", help=told)
    told = "tell the owners of pods what was done (the default)"
    of.add_argument("--events", action=argparse.BooleanOptionalAction, default=True, help=told)
    of.add_argument("--api", metavar="URL", help="the API server (default: that of the cluster it runs in)")
    of.add_argument(
        "--token-file", metavar="PATH", help="what it shows the API server (default: the service account's)"
    )
    of.add_argument("--ca-file", metavar="PATH", help="who signs the API server (default: the service account's)")
    told = "how much is logged (default: %(default)s)"
    of.add_argument("--log-level", choices=LEVELS, default="info", help=told)


OBJECTS = (
    ("--service", "outrider-injector", "the Service by which the API server calls it"),
    ("--secret", "outrider-injector-tls", "the Secret with its certificates"),
    ("--webhook", "outrider-injector", "the MutatingWebhookConfiguration that gets its CA"),
)


def add_tls(of: argparse.ArgumentParser) -> None:
    told = "certificates of its own making, or files that somebody else renews (default: %(default)s)"
    of.add_argument("--tls", choices=("auto", "files"), default="auto", help=told)
    of.add_argument("--tls-dir", metavar="PATH", help="with --tls files: the directory of tls.crt and tls.key")
    told = "another name in its certificate; may be given again"
    of.add_argument("--san", action="append", default=[], metavar="NAME", help=told)
