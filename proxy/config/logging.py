"""The section `logging`: what is written, how, where to, and how much of what calls say.

Content is not logged unless it is said here which. Where lines go and how they are made is not known.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from proxy.config.decode import ConfigError, shown
from proxy.config.regexes import Unfit, compile_bounded
from proxy.config.values import WRITTEN, Sources

LONGEST_PATH = 1000
LONGEST_CONTENT = 4000
MOST_PATTERNS = 20
NAME = re.compile(r"[a-z][a-z0-9_-]{0,31}")

Format = Literal["json", "logfmt", "console", "auto"]
Level = Literal["debug", "info", "warning", "error"]
Personal = Literal["mail", "phone", "card", "iban", "national_id"]
EVERYTHING: tuple[Personal, ...] = ("mail", "phone", "card", "iban", "national_id")

Share = Annotated[float, Meta(ge=0, le=1, extra={"allowed": "a share, 0 to 1"})]
Limit = Annotated[
    int, Meta(ge=1, le=LONGEST_CONTENT, extra={"allowed": f"a whole number of characters, 1 to {LONGEST_CONTENT}"})
]


def read_path(value: Any, path: str, sources: Sources) -> str:
    """A file; a relative one starts at the directory of the configuration file."""
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_PATH or "\0" in value or value.endswith("/"):
        raise ConfigError(path, shown(value), "the path of a file that can be written")
    return str(sources.directory / value)


def read_patterns(value: Any, path: str, sources: Sources) -> Mapping[str, str]:
    """Name -> regular expression. ConfigError for one that could take long."""
    if not isinstance(value, dict) or len(value) > MOST_PATTERNS:
        raise ConfigError(path, shown(value), f"a mapping of at most {MOST_PATTERNS} names to regular expressions")
    for number, (name, pattern) in enumerate(value.items()):
        if not isinstance(name, str) or not NAME.fullmatch(name):
            raise ConfigError(f"{path}[{number}]", "no such name", "lower case letters, digits, - and _, at most 32")
        try:
            compile_bounded(pattern if isinstance(pattern, str) else "")
        except Unfit as fault:
            raise ConfigError(f"{path}.{name}", shown(pattern), str(fault)) from None
    return dict(value)


def _about(description: str) -> Meta:
    return Meta(description=description)


PATTERNS = {"type": "object", "additionalProperties": {"type": "string"}, "maxProperties": MOST_PATTERNS}
Path = Annotated[
    str,
    Meta(extra={"read": read_path}, extra_json_schema={WRITTEN: {"type": "string", "minLength": 1}}),
]
Patterns = Annotated[Mapping[str, str], Meta(extra={"read": read_patterns}, extra_json_schema={WRITTEN: PATTERNS})]


class Sample(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The shares of calls that get a line."""

    success: Annotated[Share, _about("Of those that ended well.")] = 1.0
    failure: Annotated[Share, _about("Of those that did not.")] = 1.0


class Content(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What calls say. Off unless it is said here; keys never are in it."""

    prompts: Annotated[bool, _about("Whether what models are asked is logged.")] = False
    answers: Annotated[bool, _about("Whether what they say is.")] = False
    limit: Annotated[Limit, _about("Characters of each that are logged, at most.")] = 2000
    redact: Annotated[tuple[Personal, ...], _about("What is taken out of it, besides keys.")] = EVERYTHING
    patterns: Annotated[Patterns, _about("What else is: a name and a regular expression for each.")] = {}


class Logging(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is written about calls and about the sidecar itself."""

    format: Annotated[
        Format, _about("One JSON object a line, logfmt, lines for people; auto: for people on a terminal, else JSON.")
    ] = "json"
    level: Annotated[Level, _about("The least level written.")] = "info"
    file: Annotated[Path | None, _about("Where to; by default to standard error.")] = None
    sample: Annotated[Sample, _about("The shares of calls that get a line.")] = Sample()
    content: Annotated[Content, _about("What calls say.")] = Content()
