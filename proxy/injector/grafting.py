"""New data put into the tree of a YAML document's nodes, so that all else keeps its spelling.

`0644`, `"yes"`, `1e3` and block texts stay what they were, and nobody reads them otherwise than before. Comments are no nodes:
those inside the document are lost. Where the nodes come from is manifests.py's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from io import StringIO
from typing import Any

import yaml

from proxy.injector.difference import same
from proxy.injector.scalars import Dumper, key_of


def dumped(node: yaml.Node | None, before: Any, after: Any) -> str:
    """The text of a document that says `after`. `node` said `before`; without one everything is written anew."""
    out = StringIO()
    dumper = Dumper(out, sort_keys=False, default_flow_style=False, allow_unicode=True, width=2**30)
    dumper.open()
    dumper.serialize(_graft(dumper, node, before, after))
    dumper.close()
    return out.getvalue().removesuffix("...\n")


def _graft(dumper: Dumper, node: yaml.Node | None, before: Any, after: Any) -> yaml.Node:
    """The node that says `after`: the old one as far as it says so."""
    if node is not None and same(before, after):
        return separate(node)
    if isinstance(node, yaml.MappingNode) and isinstance(before, dict) and isinstance(after, dict):
        return _mapping(dumper, node, before, after)
    if isinstance(node, yaml.SequenceNode) and isinstance(before, list) and isinstance(after, list):
        return _sequence(dumper, node, before, after)
    return dumper.represent_data(after)


def separate(node: yaml.Node) -> yaml.Node:
    """A scalar that stands in two places becomes two; lists and mappings are named by aliases."""
    return yaml.ScalarNode(node.tag, node.value, style=node.style) if isinstance(node, yaml.ScalarNode) else node


def _mapping(
    dumper: Dumper, node: yaml.MappingNode, before: Mapping[str, Any], after: Mapping[str, Any]
) -> yaml.MappingNode:
    old = {key_of(key): (key, value) for key, value in node.value}
    pairs = []
    for name, value in after.items():
        key, under = old.get(name, (None, None))
        pairs.append(
            (separate(key) if key else dumper.represent_data(name), _graft(dumper, under, before.get(name), value))
        )
    return yaml.MappingNode(node.tag, pairs, flow_style=bool(node.flow_style and before))


def _sequence(dumper: Dumper, node: yaml.SequenceNode, before: list[Any], after: list[Any]) -> yaml.SequenceNode:
    items = []
    for at, item in zip(_origins(before, after), after, strict=True):
        under, was = (None, None) if at is None else (node.value[at], before[at])
        items.append(_graft(dumper, under, was, item))
    return yaml.SequenceNode(node.tag, items, flow_style=bool(node.flow_style and before))


def _origins(before: list[Any], after: list[Any]) -> Iterator[int | None]:
    """For each item the place that it had: of the same object, of the same name, or, in a list as long, the same place."""
    objects = {id(item): at for at, item in enumerate(before)}
    names: dict[str | None, int] = {name: at for at, item in enumerate(before) if (name := _name(item)) is not None}
    for at, item in enumerate(after):
        found = objects.get(id(item), names.get(_name(item)))
        yield at if found is None and not names and len(before) == len(after) else found


def _name(item: Any) -> str | None:
    name = item.get("name") if isinstance(item, Mapping) else None
    return name if isinstance(name, str) else None
