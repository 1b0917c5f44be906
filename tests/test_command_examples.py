"""Each example of `--help` is one: the parser takes it, and the exit codes are those that there are."""

from __future__ import annotations

import re
import shlex

import pytest

from proxy.command_examples import EPILOG, OF_COMMAND
from proxy.command_line import parser

TEXTS = {"outrider": EPILOG, **OF_COMMAND}
EXAMPLES = [
    (name, line[line.index("outrider ") :])
    for name, text in TEXTS.items()
    for line in text.partition("exit codes:")[0].splitlines()
    if re.match("  .*outrider [a-z]", line) and not line.strip().startswith("in ~")
]


def words(line: str) -> list[str]:
    """The command alone: what comes after two blanks is told about it, and what is piped is somebody else's."""
    command = re.split(r" {2,}|\)|>|\|", line)[0]
    return shlex.split(command)[1:]


@pytest.mark.parametrize(("name", "line"), EXAMPLES)
def test_the_parser_takes_every_example(name: str, line: str) -> None:
    found = parser().parse_args(words(line))
    assert name in ("outrider", found.command)


@pytest.mark.parametrize("name", TEXTS)
def test_every_help_has_examples_and_exit_codes(name: str) -> None:
    assert sum(name == of for of, _ in EXAMPLES) > 0
    codes = re.findall(r"^  (\d+) ", TEXTS[name].partition("exit codes:")[2], flags=re.MULTILINE)
    assert codes
    assert codes[0] == "0"
    assert codes == sorted(codes, key=int)
