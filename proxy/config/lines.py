"""On which line of the file each value of the configuration stands, by its path as error texts write it.

It knows YAML's nodes and nothing of what the keys mean. Merged keys (`<<`) count where they are written; what is given beside
them goes before.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import yaml

MERGE, EMPTY = "tag:yaml.org,2002:merge", "tag:yaml.org,2002:null"


class Lines:
    """`of` a path: the line it stands on, from 1. `file` is a configuration that has been read well."""

    def __init__(self, file: Path | None) -> None:
        self._lines: dict[str, int] = {}
        self._leaves: set[str] = set()
        if file is not None:
            self._read(file)

    def of(self, path: str) -> int | None:
        """None where nobody wrote it. What a single value was made into (`64Mi`, a delay) stands where that value does."""
        if path in self._lines:
            return self._lines[path]
        parent = parent_of(path)
        while parent:
            if parent in self._leaves:
                return self._lines[parent]
            parent = parent_of(parent)
        return None

    def _read(self, file: Path) -> None:
        import yaml

        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(file.read_bytes())
        try:
            node = loader.get_single_node()
        finally:
            loader.dispose()
        if node is not None:
            self._walk(node, "", ())

    def _walk(self, node: yaml.Node, path: str, above: tuple[int, ...]) -> None:
        """`above` ends the walk where an anchor leads back."""
        if id(node) in above:
            return
        if not isinstance(node.value, list):
            self._leaves |= {path} if node.tag != EMPTY else set()
            return
        for key, line, value in children(node):
            inner = f"{path}{key}" if key.startswith("[") else f"{path}.{key}".lstrip(".")
            self._lines.setdefault(inner, line)
            self._walk(value, inner, (*above, id(node)))


def children(node: yaml.Node) -> Iterator[tuple[str, int, yaml.Node]]:
    """Name, line and value of each; merged ones last."""
    merged: list[yaml.Node] = []
    for at, item in enumerate(node.value):
        if not isinstance(item, tuple):
            yield f"[{at}]", item.start_mark.line + 1, item
        elif item[0].tag == MERGE:
            merged += item[1].value if item[1].id == "sequence" else [item[1]]
        else:
            yield str(item[0].value), item[0].start_mark.line + 1, item[1]
    for each in merged:
        yield from children(each)


def parent_of(path: str) -> str:
    return re.sub(r"(\.[^.\[\]]*|\[\d+\]|^[^.\[\]]*)$", "", path)
