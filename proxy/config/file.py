"""Where the configuration file is, and what plain data stands in it.

It knows files, directories and YAML, and nothing of what the keys mean. PyYAML is imported only when there is a file.
A directory may be a mounted ConfigMap: its `config.yaml` is a symbolic link through `..data`, followed as any other.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from stat import S_ISDIR
from typing import TYPE_CHECKING, Any

from proxy.config.decode import ConfigError, shown, shown_key

if TYPE_CHECKING:
    import yaml

#: Levels of a file; a configuration needs ten.
DEEPEST = 100
NAMES = ("config.yaml", "config.yml")
VARIABLE = "OUTRIDER_CONFIG"


def locate(path: str | None, environ: Mapping[str, str]) -> Path | None:
    """The file that `--config`, else the variable, names. None when neither does, or when it names an empty directory.

    An optional ConfigMap that does not exist is mounted as an empty directory; one that holds other files is a mistake.
    """
    label, named = _named(path, environ)
    if not named:
        return None
    try:
        mode = Path(named).stat().st_mode
        return _find(Path(named), label) if S_ISDIR(mode) else Path(named)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a path"
        raise ConfigError(label, f"{shown(named)} ({reason})", PLACES) from None


def _named(path: str | None, environ: Mapping[str, str]) -> tuple[str, str | None]:
    return ("--config", path) if path else (VARIABLE, environ.get(VARIABLE))


def mount(path: str | None, environ: Mapping[str, str]) -> tuple[str, Path] | None:
    """Who names it and which it is, where that is a directory, as a mounted ConfigMap is; else None."""
    label, named = _named(path, environ)
    return (label, Path(named)) if named and os.path.isdir(named) else None


PLACES = f"a YAML file, or a directory that holds {' or '.join(NAMES)}"


def _find(directory: Path, label: str) -> Path | None:
    for name in NAMES:
        if (directory / name).exists():
            return directory / name
    if any(not entry.name.startswith(".") for entry in directory.iterdir()):
        raise ConfigError(label, f"{shown(str(directory))} (a directory that holds neither)", PLACES)
    return None


def read(file: Path) -> Any:
    """The plain data of a YAML file; None of an empty one. Raises ConfigError that names line and column."""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise ConfigError(str(file), f"unreadable ({error.strerror})", "a file that can be read") from None
    return _parse(content, str(file))


def _parse(content: bytes, name: str) -> Any:
    import yaml

    kind = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    loader = kind(content)
    try:
        _refuse_depths(yaml.parse(content, kind), name)
        node = loader.get_single_node()
        if node is None:
            return None
        _refuse_repeated_keys(node, name, set())
        return loader.construct_document(node)
    except yaml.MarkedYAMLError as error:
        raise ConfigError(name, f"not valid YAML{_place(error.problem_mark)}", "a valid YAML document") from None
    except (yaml.YAMLError, ValueError, AttributeError, LookupError):  # the latter of what is tagged as something else
        raise ConfigError(name, "not valid YAML", "a valid YAML document in UTF-8") from None
    finally:
        loader.dispose()


def _refuse_depths(events: Iterator[yaml.Event], name: str) -> None:
    """What makes nodes of events calls itself for each level, in C: too many would end the process."""
    import yaml

    depth = 0
    for event in events:
        if isinstance(event, yaml.CollectionStartEvent | yaml.CollectionEndEvent):
            depth += 1 if isinstance(event, yaml.CollectionStartEvent) else -1
        if depth > DEEPEST:
            raise ConfigError(name, f"nested deeper than {DEEPEST} levels{_place(event.start_mark)}", "less depth")


def _refuse_repeated_keys(node: yaml.Node, name: str, seen: set[int]) -> None:
    """YAML forbids them and PyYAML lets the last one win. `seen` ends the walk where an anchor leads back."""
    if id(node) in seen or not isinstance(node.value, list):
        return
    seen.add(id(node))
    keys = set()
    for item in node.value:
        key, value = item if isinstance(item, tuple) else (None, item)
        if key is not None and isinstance(key.value, str):
            if key.value in keys:
                raise ConfigError(
                    name, f"the key {shown_key(key.value)} again{_place(key.start_mark)}", "each key once"
                )
            keys.add(key.value)
        _refuse_repeated_keys(value, name, seen)


def _place(mark: Any) -> str:
    """YAML's own words are left out: they quote the file, and the file may hold a key."""
    return "" if mark is None else f" (line {mark.line + 1}, column {mark.column + 1})"
