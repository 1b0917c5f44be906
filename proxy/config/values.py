"""What a single value of the configuration may look like: numbers, names, sizes, addresses, delays, keys.

Each type says in its `Meta` what it allows; where a value is written otherwise than it is held, `x-written` is the JSON
Schema of what may be written. It knows no section. This is the only place where a key is read, and it never shows one.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from errno import ENOENT
from pathlib import Path
from typing import Annotated, Any, NamedTuple
from urllib.parse import urlsplit

from msgspec import Meta

from proxy.config.decode import HIDDEN, ConfigError, shown
from proxy.config.mounts import LARGEST, KeyFiles, text_of

WRITTEN = "x-written"
LONGEST_KEY = LARGEST
UNITS = {"": 1, "Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30}
#: Credentials, query, fragment; a backslash is a slash to some and not to others.
UNFIT = frozenset("?#@\\")
#: RFC 9110, section 7.6.1, and what routes or frames a message: these are ours to say.
RESERVED = "host|connection|content-length|transfer-encoding|te|trailer|upgrade|expect|keep-alive|proxy-connection"


class Sources(NamedTuple):
    """Where a key can come from besides the file itself: the environment, and what paths are relative to.

    keys: a directory of them, which may yet be filled. mounted: whether files beside the configuration may yet appear, too.
    """

    environ: Mapping[str, str]
    directory: Path
    keys: KeyFiles | None = None
    mounted: bool = False


class Secret:
    """A key or a header's value, and where it came from. It prints as `****`; `value` is read by who sends it.

    `file` is where it was read, None where that was no file.
    """

    __slots__ = ("file", "origin", "value")

    def __init__(self, value: str, origin: str, file: Path | None = None) -> None:
        self.value = value
        self.origin = origin
        self.file = file

    def __repr__(self) -> str:
        return f"Secret({HIDDEN}, {self.origin})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self.value == other.value

    def __hash__(self) -> int:
        return hash(self.value)

    @property
    def masked(self) -> str:
        """Enough to recognise a long key by: its first 3 and last 4 characters."""
        return f"{self.value[:3]}…{self.value[-4:]}" if len(self.value) > 16 else HIDDEN


class Absent(Secret):
    """A key that is not there yet, and may come. `origin` says why; `file` is where it will be, None where that is a variable."""

    __slots__ = ()

    def __init__(self, why: str, file: Path | None = None) -> None:
        super().__init__("", why, file)


class Delay(NamedTuple):
    """Milliseconds, from `low` to `high`; a single number stands for both."""

    low: float
    high: float

    @property
    def seconds(self) -> tuple[float, float]:
        return self.low / 1000, self.high / 1000


def read_size(value: Any, path: str, sources: Sources) -> int:
    """Bytes: 65536, `64Ki`, `64Mi`, `1Gi`."""
    text = shown(value) if type(value) is int else value
    match = re.fullmatch(r"([1-9][0-9]{0,11})(Ki|Mi|Gi|)", text) if isinstance(text, str) else None
    if match is None:
        raise ConfigError(path, shown(value), "bytes as a whole number above 0, or one with Ki, Mi or Gi behind it")
    return int(match[1]) * UNITS[match[2]]


def read_delay(value: Any, path: str, sources: Sources) -> Delay:
    ends = value if isinstance(value, list) else [value, value]
    numbers = len(ends) == 2 and all(type(end) in (int, float) for end in ends)
    if not numbers or not 0 <= ends[0] <= ends[1] <= 600_000:
        raise ConfigError(path, shown(value), "milliseconds, 0 to 600000, or [low, high] of such")
    return Delay(float(ends[0]), float(ends[1]))


def read_base_url(value: Any, path: str, sources: Sources) -> str:
    """An absolute http(s) address, its trailing slash stripped. Credentials and queries are refused, and not shown."""
    if not isinstance(value, str) or not _is_address(value):
        raise ConfigError(
            path, _shown_address(value), "http:// or https:// and a host; no credentials, query, fragment"
        )
    return value.rstrip("/")


def _is_address(text: str) -> bool:
    if not re.fullmatch(r"[!-~]+", text) or UNFIT & set(text):
        return False
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _shown_address(value: object) -> str:
    if not isinstance(value, str):
        return shown(value)
    without_credentials = re.sub(r".*@", f"{HIDDEN}@", value, flags=re.DOTALL)
    return shown(re.sub(r"[?#].*", f"?{HIDDEN}", without_credentials, flags=re.DOTALL))


def read_header_value(value: Any, path: str, sources: Sources) -> Secret:
    """RFC 9110, section 5.5, in ASCII. Many a header is a credential, so none is ever shown."""
    if not isinstance(value, str) or not re.fullmatch(r"[\t -~]*", value):
        raise ConfigError(path, HIDDEN, "a string of visible ASCII characters, spaces and tabs (quote a number)")
    return Secret(value.strip(), "configuration file")


def read_key(value: Any, path: str, sources: Sources) -> Secret:
    """A key by value, `{env: NAME}` or `{file: PATH}`. ConfigError names the variable or file, never the key."""
    if isinstance(value, str):
        return check_key(value, path, "configuration file")
    kind, name = next(iter(value.items())) if isinstance(value, dict) and len(value) == 1 else (None, None)
    if kind not in KEY_SOURCES or not isinstance(name, str):
        raise ConfigError(path, HIDDEN, "a string, {env: NAME} or {file: PATH}")
    return KEY_SOURCES[kind](name, f"{path}.{kind}", sources)


def _read_key_variable(name: str, path: str, sources: Sources) -> Secret:
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        raise ConfigError(path, HIDDEN, "the name of an environment variable")
    if not sources.environ.get(name, "").strip() and sources.keys is not None:
        return Absent(f"{name} is not set, nor is there such a file in {sources.keys.directory}")
    if not sources.environ.get(name, "").strip():
        raise ConfigError(path, f"{shown(name)} (not set)", "the name of an environment variable that is set")
    return check_key(sources.environ[name], path, name)


def _read_key_file(name: str, path: str, sources: Sources) -> Secret:
    """The directory is not resolved: a mounted Secret swaps the link `..data` that its files go through."""
    file = sources.directory / name
    try:
        text = _text_of(file, sources.keys)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a path"
        if isinstance(error, FileNotFoundError) and _may_come(file, sources):
            return Absent(f"{file} is not there (is the Secret there?)", file)
        raise ConfigError(path, f"{shown(name)} ({reason})", "a file that can be read and holds the key") from None
    if not text.strip() and _may_come(file, sources):
        return Absent(f"{file} is empty", file)
    return check_key(text, path, f"file {name}", file)


def _text_of(file: Path, keys: KeyFiles | None) -> str:
    """Files of the directory of keys were all read in one look, so that they go together."""
    if keys is None or not keys.holds(file):
        return text_of(file)
    if file.name not in keys.texts:
        raise FileNotFoundError(ENOENT, os.strerror(ENOENT))
    return keys.texts[file.name]


def _may_come(file: Path, sources: Sources) -> bool:
    return sources.mounted or (sources.keys is not None and sources.keys.holds(file))


KEY_SOURCES: Mapping[Any, Callable[[str, str, Sources], Secret]] = {"env": _read_key_variable, "file": _read_key_file}


def check_key(text: str, path: str, origin: str, file: Path | None = None) -> Secret:
    """A key as it may stand in a header; white space around it, such as a file's last newline, is no part of it."""
    key = text.strip()
    if not re.fullmatch(r"[!-~]+", key) or len(key) > LONGEST_KEY:
        fault = f"{HIDDEN} (too long, or it holds a space, a line break or the like)" if key else "empty"
        raise ConfigError(path, fault, "a key of visible ASCII characters")
    return Secret(key, origin, file)


def _text(pattern: str, allowed: str) -> Meta:
    return Meta(pattern=pattern, extra={"allowed": allowed})


def _written(read: Callable[[Any, str, Sources], Any], schema: Mapping[str, Any]) -> Meta:
    return Meta(extra={"read": read}, extra_json_schema={WRITTEN: dict(schema)})


MILLISECONDS = {"type": "number", "minimum": 0, "maximum": 600_000}
RANGE = {"type": "array", "items": MILLISECONDS, "minItems": 2, "maxItems": 2}
ONE_SOURCE = {"type": "object", "minProperties": 1, "maxProperties": 1, "additionalProperties": False}
KEY_SCHEMA = ONE_SOURCE | {"properties": {"env": {"type": "string"}, "file": {"type": "string"}}}
SIZE_SCHEMA = {"type": ["integer", "string"], "minimum": 1, "pattern": "^[1-9][0-9]*([KMG]i)?$"}

Port = Annotated[int, Meta(ge=0, le=65535, extra={"allowed": "a port, 0 to 65535 (0: any free one)"})]
Count = Annotated[int, Meta(ge=1, le=1_000_000, extra={"allowed": "a whole number, 1 to 1000000"})]
CountOrNone = Annotated[int, Meta(ge=0, le=1_000_000, extra={"allowed": "a whole number, 0 to 1000000"})]
Seconds = Annotated[float, Meta(gt=0, le=86400, extra={"allowed": "seconds, above 0 and at most 86400"})]
Grace = Annotated[float, Meta(ge=0, le=86400, extra={"allowed": "seconds, 0 to 86400"})]
Name = Annotated[str, Meta(min_length=1, max_length=200, extra={"allowed": "a name of 1 to 200 characters"})]
#: These patterns forbid the line break that `$` would let pass at the end.
Host = Annotated[str, _text(r"^[A-Za-z0-9:][A-Za-z0-9.:%_-]*$(?!\n)", "an IP address or a host name, without a port")]
ProviderName = Annotated[
    str, _text(r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,31}$(?!\n)", "a string of at most 32 letters, digits, `_`, `.` and `-`")
]
OptionName = Annotated[str, _text(r"^[a-z][a-z0-9_]{0,31}$(?!\n)", "a name of lower-case letters, digits and `_`")]
OptionValue = Annotated[str, _text(r"^[!-~]{1,2000}$(?!\n)", "a string of 1 to 2000 visible ASCII characters")]
#: RFC 9110, section 5.6.2: a token, in lower case or not.
HeaderName = Annotated[
    str,
    _text(
        "^(?!(" + re.sub("[a-z]", lambda letter: f"[{letter[0]}{letter[0].upper()}]", RESERVED) + ")$)"
        r"[!#$%&'*+.^_`|~0-9A-Za-z-]+$(?!\n)",
        "a header name, and none that frames or routes the message",
    ),
]
HeaderValue = Annotated[Secret, _written(read_header_value, {"type": "string", "pattern": r"^[\t -~]*$"})]
ApiKey = Annotated[Secret, _written(read_key, {"anyOf": [{"type": "string", "minLength": 1}, KEY_SCHEMA]})]
BaseUrl = Annotated[str, _written(read_base_url, {"type": "string", "pattern": "^https?://[^?#@]+$"})]
Size = Annotated[int, _written(read_size, SIZE_SCHEMA)]
Milliseconds = Annotated[Delay, _written(read_delay, {"anyOf": [MILLISECONDS, RANGE]})]
