"""Calls that metrics count, and their page read back by the grammar of the text format."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import cast

from proxy.call import Call, Client, Failure, Outcome, Target
from proxy.policies.metrics import Metrics
from proxy.stack import compose

#: one sample line of text format 0.0.4: backslash, quote and line feed stand in a label value only as escapes
SAMPLE = re.compile(
    r'(?P<name>[a-zA-Z_:][\w:]*)(?:\{(?P<labels>(?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\[\\"n])*",?)*)\})? (?P<value>\S+)'
)
LABEL = re.compile(r'([a-zA-Z_]\w*)="((?:[^"\\\n]|\\[\\"n])*)"')
UNESCAPED = {r"\\": "\\", r"\"": '"', r"\n": "\n"}

OPENAI = Target("openai", "gpt-4o-2024", None)
GROQ = Target("groq", "gpt-oss", None)


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def new_call(model: str = "gpt-4o", target: Target | None = OPENAI, **known: object) -> Call:
    call = Call("id", "openai", "chat", b"", {}, model, True, {}, cast(Client, None), target=target, attempts=1)
    for name, value in known.items():
        setattr(call, name, value)
    return call


def samples(metrics: Metrics) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """The whole page by name and labels; a line that is not in the grammar fails the test."""
    read = list(parse(metrics.render()[0].decode()))
    assert len(dict(read)) == len(read), "the same series stands twice"
    return dict(read)


def parse(page: str) -> Iterator[tuple[tuple[str, frozenset[tuple[str, str]]], float]]:
    assert page.endswith("\n")
    for line in page.removesuffix("\n").split("\n"):
        if line.startswith(("# HELP ", "# TYPE ")):
            continue
        match = SAMPLE.fullmatch(line)
        assert match, line
        labels = (
            (name, re.sub(r"\\.", lambda escape: UNESCAPED[escape[0]], value)) for name, value in LABEL.findall(line)
        )
        yield (match["name"], frozenset(labels)), float(match["value"])


def value(metrics: Metrics, name: str, /, provider: str = "openai", model: str = "gpt-4o", **labels: str) -> float:
    return samples(metrics)[name, frozenset({"provider": provider, "model": model, **labels}.items())]


def names(metrics: Metrics) -> set[str]:
    return {name for name, _ in samples(metrics)}


async def pass_call(metrics: Metrics, call: Call, ended: Outcome | Failure) -> None:
    async def end(_: Call) -> Outcome:
        if isinstance(ended, Failure):
            raise ended
        return ended

    await compose([metrics], end)(call)
