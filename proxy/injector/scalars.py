"""What plain YAML scalars mean to kubectl, which is neither YAML 1.1 nor 1.2, and how a new text is written so that nobody errs.

The rules are those of sigs.k8s.io/yaml (goyaml.v2, resolve.go): `y` is true, `1e3` a number, `0o755` too, a date is a text, and
keys are texts whatever they look like. What the values are for is not known here.
"""

from __future__ import annotations

import re
from collections.abc import Hashable
from typing import Any

import yaml

TAG = "tag:yaml.org,2002:"
BOOLS = {word: state for state, words in ((True, "y yes true on"), (False, "n no false off")) for word in words.split()}
#: Kind of scalar -> how a plain one is written, and its first characters. The order matters: `08` is no whole number.
PLAIN: tuple[tuple[str, str, str], ...] = (
    ("bool", "|".join(form for word in BOOLS for form in (word, word.title(), word.upper())), "yYnNtTfFoO"),
    ("null", r"~|null|Null|NULL|", "~nN"),
    ("int", r"[-+]?(?:0b[01_]+|0o?[0-7_]+|0x[0-9a-fA-F_]+|0|[1-9][0-9_]*)", "-+0123456789"),
    (
        "float",
        r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
        "-+0123456789.",
    ),
    ("merge", "<<", "<"),
)
#: All that a document may hold, as it must be possible in JSON.
TAGS = frozenset(f"{TAG}{kind}" for kind in ("map", "seq", "str", "bool", "null", "int", "float", "merge"))
#: What PyYAML writes and then reads as something else, unless it is escaped.
UNPRINTED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff]")
#: Numbers of any YAML begin like these.
NUMERIC = re.compile(r"[-+.]?[0-9][-+0-9a-fA-FxXoObB_.:eE]*")


def resolvers() -> dict[str, list[tuple[str, re.Pattern[str]]]]:
    """By first character, as PyYAML keeps them; an empty scalar has the empty one."""
    found: dict[str, list[tuple[str, re.Pattern[str]]]] = {}
    for kind, written, first in PLAIN:
        for character in [*first, *([""] if kind == "null" else [])]:
            found.setdefault(character, []).append((f"{TAG}{kind}", re.compile(rf"^(?:{written})$")))
    return found


RESOLVERS = resolvers()


class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """PyYAML's, with kubectl's plain scalars."""

    yaml_implicit_resolvers = RESOLVERS

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        self.flatten_mapping(node)
        return {self.construct_key(key): self.construct_object(value, deep=deep) for key, value in node.value}

    def construct_key(self, node: yaml.Node) -> str:
        if not isinstance(node, yaml.ScalarNode):
            raise yaml.constructor.ConstructorError(None, None, "a key that is no text", node.start_mark)
        return key_of(node)

    def construct_truth(self, node: yaml.ScalarNode) -> bool:
        return BOOLS[node.value.lower()]


Loader.add_constructor(f"{TAG}bool", Loader.construct_truth)


def key_of(node: yaml.ScalarNode) -> str:
    """A key as the text that it becomes in JSON."""
    if node.tag == f"{TAG}bool":
        return str(BOOLS[node.value.lower()]).lower()
    return "null" if node.tag == f"{TAG}null" else str(node.value)


class Dumper(yaml.SafeDumper):
    """For nodes that Loader made, and for new data."""

    yaml_implicit_resolvers = RESOLVERS

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def represent_text(self, text: str) -> yaml.Node:
        """In quotes what any parser could take for something else; several lines as a block."""
        style = '"' if UNPRINTED.search(text) or is_ambiguous(text) else "|" if "\n" in text else None
        return self.represent_scalar(f"{TAG}str", text, style=style)


Dumper.add_representer(str, Dumper.represent_text)


def is_ambiguous(text: str) -> bool:
    """Whether YAML 1.1, 1.2 or kubectl would read a plain `text` as anything but a text."""
    rows = [*RESOLVERS.get(text[:1], ()), *yaml.SafeLoader.yaml_implicit_resolvers.get(text[:1], ())]
    return NUMERIC.fullmatch(text) is not None or any(pattern.match(text) for _, pattern in rows)
