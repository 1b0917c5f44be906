"""What `outrider completion` does: it prints what lets bash, zsh or fish complete commands, options and their values.

The script is made from the parser, so that it knows what `--help` knows, and asks nobody while one types. Sources: the GNU Bash
manual, "Programmable Completion"; zshcompsys(1), `_describe` and `_arguments`; fish's `complete`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from proxy.call import KINDS
from proxy.command_line import ENTRIES
from proxy.providers import CAPABILITIES

OK = 0
#: What an option's value is called in `--help` -> what it may be.
VALUES: Mapping[str, tuple[str, ...]] = {"KIND": tuple(KINDS), "CAPABILITY": CAPABILITIES}
FILES = "PATH"


class Option(NamedTuple):
    """`flags`: its spellings, none for what stands alone. `takes`: whether a value follows; `values`: all that it may be."""

    flags: tuple[str, ...]
    about: str
    takes: bool
    values: tuple[str, ...]
    files: bool


class Command(NamedTuple):
    name: str
    about: str
    options: tuple[Option, ...]

    @property
    def flags(self) -> tuple[str, ...]:
        return tuple(flag for option in self.options for flag in option.flags)

    @property
    def words(self) -> tuple[str, ...]:
        """What may stand alone."""
        return tuple(value for option in self.options if not option.flags for value in option.values)


def completion(shell: str) -> int:
    sys.stdout.write("\n".join(SCRIPTS[shell](list(commands()))) + "\n")
    return OK


def commands() -> Iterator[Command]:
    for name, entry in ENTRIES.items():
        parser = argparse.ArgumentParser(prog=name)
        entry.add(parser)
        yield Command(name, entry.about, tuple(map(option_of, parser._actions)))


def option_of(action: argparse.Action) -> Option:
    about = (action.help or "") % {"default": action.default}
    metavar = str(action.metavar)
    values = tuple(map(str, action.choices or VALUES.get(metavar, ())))
    return Option(tuple(action.option_strings), about, action.nargs != 0, values, metavar == FILES)


# ---- bash


def bash(known: list[Command]) -> Iterator[str]:
    yield "# outrider completion bash"
    yield "_outrider() {"
    yield '    local cur="${COMP_WORDS[COMP_CWORD]}" prev="${COMP_WORDS[COMP_CWORD-1]}" command="" words="" at'
    yield "    for ((at = 1; at < COMP_CWORD; at++)); do"
    yield f'        case "${{COMP_WORDS[at]}}" in {"|".join(command.name for command in known)})'
    yield '            command="${COMP_WORDS[at]}"; break ;;'
    yield "        esac"
    yield "    done"
    yield '    case "$command $prev" in'
    for command in known:
        for option in filter(takes_value, command.options):
            pattern = "|".join(f'"{command.name} {flag}"' for flag in option.flags)
            yield f"        {pattern}) {bash_value(option)} return ;;"
    yield "    esac"
    yield '    case "$command" in'
    yield f'        "") words="{" ".join(command.name for command in known)} --help" ;;'
    for command in known:
        yield f'        {command.name}) words="{" ".join((*command.words, *command.flags))}" ;;'
    yield "    esac"
    yield '    COMPREPLY=($(compgen -W "$words" -- "$cur"))'
    yield "}"
    yield "complete -F _outrider outrider"


def bash_value(option: Option) -> str:
    if option.files:
        return "compopt -o filenames 2>/dev/null; local IFS=$'\\n'; COMPREPLY=($(compgen -f -- \"$cur\"));"
    return f'COMPREPLY=($(compgen -W "{" ".join(option.values)}" -- "$cur"));' if option.values else "COMPREPLY=();"


def takes_value(option: Option) -> bool:
    return option.takes and bool(option.flags)


# ---- zsh


def zsh(known: list[Command]) -> Iterator[str]:
    yield "#compdef outrider"
    yield "_outrider() {"
    yield "    local -a commands"
    described = " ".join(quoted(f"{command.name}:{command.about}") for command in known)
    yield f"    commands=({described})"
    yield "    if (( CURRENT == 2 )); then _describe -t commands command commands; return; fi"
    yield "    local command=$words[2]"
    yield "    shift words; (( CURRENT-- ))"
    yield "    case $command in"
    for command in known:
        arguments = " ".join(quoted(each) for option in command.options for each in zsh_arguments(option))
        yield f"        {command.name}) _arguments {arguments} ;;"
    yield "    esac"
    yield "}"
    yield 'if [[ "$funcstack[1]" == _outrider ]]; then _outrider "$@"; else compdef _outrider outrider; fi'


def zsh_arguments(option: Option) -> Iterator[str]:
    about = "".join(f"\\{char}" if char in "[]:\\" else char for char in option.about)
    value = ":value:" + ("_files" if option.files else f"({' '.join(option.values)})" if option.values else " ")
    for flag in option.flags:
        yield f"*{flag}[{about}]{value if option.takes else ''}"
    if not option.flags:
        yield f"1{value}"


# ---- fish


def fish(known: list[Command]) -> Iterator[str]:
    yield "# outrider completion fish"
    yield "complete -c outrider -f"
    for command in known:
        yield f"complete -c outrider -n __fish_use_subcommand -a {command.name} -d {quoted(command.about)}"
    for command in known:
        for option in command.options:
            condition = quoted(f"__fish_seen_subcommand_from {command.name}")
            yield f"complete -c outrider -n {condition} {fish_option(option)} -d {quoted(option.about)}"


def fish_option(option: Option) -> str:
    flags = [f"-l {flag[2:]}" if flag.startswith("--") else f"-s {flag[1:]}" for flag in option.flags]
    if option.files:
        return " ".join([*flags, "-r -F"])
    value = [f"-a {quoted(' '.join(option.values))}"] if option.values else []
    return " ".join([*flags, *(["-x"] if takes_value(option) else []), *value])


def quoted(text: str) -> str:
    """One word for each of the three shells; they agree on single quotes, and on what ends and begins them again."""
    return "'" + text.replace("'", "'\\''") + "'"


SCRIPTS: Mapping[str, Callable[[list[Command]], Iterable[str]]] = {"bash": bash, "zsh": zsh, "fish": fish}
