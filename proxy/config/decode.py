"""Plain data in, typed structs out, and for every fault the exact path, what stands there and what may stand there.

It knows how msgspec describes a struct, and nothing of what our structs mean. A `Meta` may carry `extra["read"]`, a
function `(value, path, sources)` that reads the value itself, and `extra["allowed"]`, words for a person. The rest
follows from the types. Faults are collected, so that one run shows an operator all of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec

HIDDEN = "****"
MISSING = "missing"
UNKNOWN = "an unknown key"


class ConfigError(Exception):
    """One fault of the configuration: where it is, what stands there (as it may be shown), and what is allowed.

    `others` are the faults found in the same run, the first one's excepted.
    """

    def __init__(self, path: str, value: str, allowed: str) -> None:
        super().__init__(f"{path} is {value}; allowed: {allowed}")
        self.path = path
        self.value = value
        self.allowed = allowed
        self.others: tuple[ConfigError, ...] = ()

    @property
    def every(self) -> tuple[ConfigError, ...]:
        return (self, *self.others)


def raise_faults(faults: Sequence[ConfigError]) -> None:
    """Raise the first fault, which carries the others; nothing happens when there is none."""
    if faults:
        faults[0].others = tuple(faults[1:])
        raise faults[0]


def shown(value: object) -> str:
    """A value as an error text may show it: scalars themselves, structures only by their sort."""
    if isinstance(value, str):
        return repr(value if len(value) <= 80 else value[:79] + "…")
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value) if value.bit_length() <= 64 else "a very large number"
    if isinstance(value, float):
        return str(value)
    if isinstance(value, list):
        return f"a list of {len(value)}"
    return "a mapping" if isinstance(value, dict) else "empty" if value is None else f"a {type(value).__name__}"


def shown_key(key: object) -> str:
    """`{api_key:sk-...}`, the space forgotten, is a key in YAML: what does not look like a name is not shown."""
    text = key if isinstance(key, str) else shown(key)
    return text if re.fullmatch(r"[A-Za-z0-9_.-]{1,32}", text) else HIDDEN


def near(word: object, known: Iterable[str]) -> str:
    """What was probably meant, as the end of a sentence; empty when nothing comes near."""
    from difflib import get_close_matches  # only who errs pays for it

    found = get_close_matches(word[:80], list(known), n=1) if isinstance(word, str) else ()
    return f" (did you mean {found[0]}?)" if found else ""


class Decoder:
    """Decodes one document. `sources` is handed to every `read`; lax takes "80" for 80, as the environment has it."""

    def __init__(self, sources: object, *, lax: bool = False) -> None:
        self.faults: list[ConfigError] = []
        self._sources = sources
        self._lax = lax

    def decode(self, kind: Any, value: Any, path: str) -> Any:
        """`value` as `kind`. A fault is noted in `faults`, and the result is then good for nothing."""
        try:
            return self._decode(kind, value, path)
        except ConfigError as fault:
            self.faults.append(fault)
            return None

    def _decode(self, kind: Any, value: Any, path: str) -> Any:
        bare = _bare(kind)
        origin = get_origin(bare) or bare
        read = _extra(kind, "read")
        if read is not None:
            return read(value, path, self._sources)
        if origin in (Union, UnionType):
            return None if value is None else self._decode(_wanted(bare), value, path)
        if isinstance(origin, type) and issubclass(origin, msgspec.Struct):
            return self._struct(origin, _structure(value, dict, path, "a mapping"), path)
        if origin is dict:
            return self._mapping(bare, _structure(value, dict, path, "a mapping"), path)
        if origin is tuple:
            return self._list(kind, _structure(value, list, path, "a list"), path)
        return self._scalar(kind, value, path)

    def _struct(self, kind: type[msgspec.Struct], value: dict[Any, Any], path: str) -> msgspec.Struct:
        fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
        for key in (key for key in value if key not in fields):
            allowed = ", ".join(sorted(fields)) + near(key, fields)
            self.faults.append(ConfigError(_join(path, key), UNKNOWN, allowed))
        for name in (name for name, field in fields.items() if field.required and name not in value):
            self.faults.append(ConfigError(_join(path, name), MISSING, allowed_text(fields[name].type)))
        given = {name: field for name, field in fields.items() if name in value}
        decoded = {field.name: self.decode(field.type, value[name], _join(path, name)) for name, field in given.items()}
        missing = {field.name: None for field in fields.values() if field.required and field.name not in decoded}
        return kind(**decoded, **missing)

    def _mapping(self, kind: Any, value: dict[Any, Any], path: str) -> dict[Any, Any]:
        of_keys, of_values = get_args(kind)
        decoded = {}
        for key, item in value.items():
            if not _fits(key, of_keys):
                self.faults.append(ConfigError(_join(path, key), "no such name", allowed_text(of_keys)))
            decoded[key] = self.decode(of_values, item, _join(path, key))
        return decoded

    def _list(self, kind: Any, value: list[Any], path: str) -> tuple[Any, ...]:
        for meta in _metas(kind):
            if not (meta.min_length or 0) <= len(value) <= (len(value) if meta.max_length is None else meta.max_length):
                raise ConfigError(path, shown(value), allowed_text(kind))
        of_items = get_args(_bare(kind))[0]
        return tuple(self.decode(of_items, item, f"{path}[{index}]") for index, item in enumerate(value))

    def _scalar(self, kind: Any, value: Any, path: str) -> Any:
        if not _fits(value, kind, lax=self._lax):
            raise ConfigError(path, shown(value), allowed_text(kind) + near(value, _choices(kind)))
        return msgspec.convert(value, kind, strict=not self._lax)


def _fits(value: Any, kind: Any, *, lax: bool = False) -> bool:
    try:
        msgspec.convert(value, kind, strict=not lax)
    except msgspec.ValidationError:
        return False
    return True


def allowed_text(kind: Any) -> str:
    """What a type allows, for a person: its own `extra["allowed"]`, or what the bare type says."""
    bare = _bare(kind)
    plain = ", ".join(_choices(kind)) or _PLAIN.get(get_origin(bare) or bare, "a mapping")
    return str(_extra(kind, "allowed") or plain)


_PLAIN: dict[Any, str] = {bool: "true or false", str: "a string", int: "a whole number", tuple: "a list"}


def _choices(kind: Any) -> tuple[str, ...]:
    bare = _bare(kind)
    return get_args(bare) if get_origin(bare) is Literal else ()


def _bare(kind: Any) -> Any:
    return kind.__origin__ if get_origin(kind) is Annotated else kind


def _metas(kind: Any) -> tuple[msgspec.Meta, ...]:
    return tuple(meta for meta in getattr(kind, "__metadata__", ()) if isinstance(meta, msgspec.Meta))


def _extra(kind: Any, name: str) -> Any:
    return next((meta.extra[name] for meta in _metas(kind) if meta.extra and name in meta.extra), None)


def _wanted(union: Any) -> Any:
    """X of `X | None`, the only union there is here."""
    (member,) = (member for member in get_args(union) if member is not NoneType)
    return member


def _structure(value: Any, kind: type, path: str, allowed: str) -> Any:
    """An empty YAML value (`openai:`) stands for the empty structure."""
    if value is None:
        return kind()
    if not isinstance(value, kind):
        sort = "a scalar" if isinstance(value, str | int | float) else shown(value)
        raise ConfigError(path or "the configuration", sort, allowed)
    return value


def _join(path: str, key: object) -> str:
    return f"{path}.{shown_key(key)}" if path else shown_key(key)
