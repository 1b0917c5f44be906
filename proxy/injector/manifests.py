"""Manifests as text: a stream of YAML or JSON documents taken apart and put together, each as it came unless it was changed.

It knows separators, comments before a document, and what makes a document one that cannot be trusted: keys that come twice,
aliases that lead back or grow without bound. What an object is is not known here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import pairwise
from math import isfinite
from typing import Any, NamedTuple, NoReturn

import yaml

from proxy.injector.grafting import dumped, separate
from proxy.injector.scalars import TAG, TAGS, Loader, key_of

SEPARATOR = re.compile(r"^---(?=[ \t\r\n]|\Z)", re.MULTILINE)
#: Blank lines, comments and directives.
HEADER = re.compile(r"(?:[ \t]*(?:#[^\n]*)?\r?\n|%[^\n]*\n)*(?:[ \t]*(?:#[^\n]*)?\Z)?")
#: YAML's spelling of what Python reads without the dot.
DOTTED = re.compile(r"\.(inf|nan)", re.IGNORECASE)
WHITE = re.compile(r"[ \t\r\n]*")
DEEPEST = 200
#: Nodes of one document, those behind aliases counted as often as they are named.
MOST_NODES = 1_000_000


class ManifestError(ValueError):
    """A document that cannot be read. The message says what is wrong and where."""


class Document(NamedTuple):
    """`text`: as it came, without its separator. `separated`: whether there was one. `data`: None of what is empty."""

    text: str
    separated: bool
    data: Any
    node: yaml.Node | None


def parts(text: str) -> Iterator[tuple[str, bool]]:
    """The texts of a stream's documents in order, each with whether a separator stands before it."""
    text = text.removeprefix("\ufeff")
    found = list(SEPARATOR.finditer(text))
    ends = [*(each.start() for each in found), len(text)]
    if text[: ends[0]]:
        yield from _objects(text[: ends[0]], False)
    for each, end in zip(found, ends[1:], strict=True):
        yield from _objects(text[each.end() : end], True)


def _objects(text: str, separated: bool) -> Iterator[tuple[str, bool]]:
    """The text itself, or, as kubectl takes it, JSON objects that follow one another without a separator, each apart."""
    decoder, places, at = json.JSONDecoder(), [0], WHITE.match(text, 0).end()  # type: ignore[union-attr]
    try:
        while text[at : at + 1] == "{":
            _, end = decoder.raw_decode(text, at)
            at = WHITE.match(text, end).end()  # type: ignore[union-attr]
            places.append(at)
    except (ValueError, RecursionError):
        pass  # YAML, or neither: `read` says what is wrong with it
    whole = len(places) > 1 and places[-1] == len(text)
    for start, end in pairwise(places) if whole else [(0, len(text))]:
        yield text[start:end], separated and start == 0


def read(text: str, separated: bool = False) -> Document:
    """One document. Raises ManifestError."""
    if HEADER.fullmatch(text):
        return Document(text, separated, None, None)
    if text.lstrip()[:1] == "{":
        try:
            return Document(text, separated, json.loads(text, parse_constant=_refuse, parse_float=_finite), None)
        except (ValueError, RecursionError):
            pass  # no JSON: YAML in braces, or neither
    data, node = _parsed(text)
    return Document(text, separated, data, node)


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"JSON has no {name}")


def _finite(text: str) -> float:
    found = float(text)
    return found if isfinite(found) else _refuse(text)


def _parsed(text: str) -> tuple[Any, yaml.Node | None]:
    loader = Loader(text)
    try:
        check_depth(text)
        node = loader.get_single_node()
        if node is None:
            return None, None
        check(node)
        data = loader.construct_document(node)
        tidy(node, set())
    except ManifestError:
        raise
    except yaml.MarkedYAMLError as error:
        raise ManifestError(f"not valid YAML{_line(error.problem_mark)}: {error.problem or error.context}") from None
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        raise ManifestError(f"not valid YAML: {str(error).splitlines()[0]}") from None
    finally:
        loader.dispose()
    return data, node


def check_depth(text: str) -> None:
    """Raises ManifestError before nodes are made: what makes them calls itself for each level, and would end the process."""
    depth = 0
    for event in yaml.parse(text, Loader=Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > DEEPEST:
            raise ManifestError(f"it is nested deeper than {DEEPEST} levels{_line(event.start_mark)}")


def check(node: yaml.Node) -> None:
    """Raises ManifestError for a node that holds itself, for one that grows too large, and for what `inner` refuses."""
    sizes: dict[int, int] = {}

    def size(node: yaml.Node) -> int:
        if not sizes.setdefault(id(node), -1) + 1:
            sizes[id(node)] = 0
            sizes[id(node)] = 1 + sum(map(size, inner(node)))
        elif not sizes[id(node)]:
            raise ManifestError(f"an alias that leads back to itself{_line(node.start_mark)}")
        if sizes[id(node)] > MOST_NODES:
            raise ManifestError(f"it has more than {MOST_NODES} nodes")
        return sizes[id(node)]

    size(node)


def inner(node: yaml.Node) -> list[yaml.Node]:
    """The nodes right below. Raises ManifestError for a key that comes twice, and for what JSON has not."""
    if node.tag not in TAGS:
        raise ManifestError(
            f"the tag {node.tag.replace(TAG, '!!')[:60]} has no place in a manifest{_line(node.start_mark)}"
        )
    if node.tag == f"{TAG}float" and not isfinite(float(DOTTED.sub(r"\1", node.value))):
        raise ManifestError(f"a number that JSON has not{_line(node.start_mark)}")
    if not isinstance(node, yaml.MappingNode):
        return list(node.value) if isinstance(node, yaml.SequenceNode) else []
    keys: set[str] = set()
    for key, _ in node.value:
        name = key_of(key) if isinstance(key, yaml.ScalarNode) else ""
        if name in keys and key.tag != f"{TAG}merge":
            raise ManifestError(f"the key {name[:60]!r} comes twice{_line(key.start_mark)}")
        keys.add(name)
    return [each for pair in node.value for each in pair]


def _line(mark: Any) -> str:
    return "" if mark is None else f", line {mark.line + 1} of it"


def tidy(node: yaml.Node, seen: set[int]) -> None:
    """Constructing has put what `<<` merges before a mapping's own keys; of those that come twice the last one counts.

    Scalars of two mappings become two, or they would be written as an anchor and an alias.
    """
    if not isinstance(node, yaml.CollectionNode) or id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        node.value = list({key_of(key): (separate(key), separate(value)) for key, value in node.value}.values())
    for each in inner(node):
        tidy(each, seen)


def written(document: Document, after: Any) -> str:
    """The document's text with its separator: as it came where `after` is its data, else with `after` put into it."""
    separator = "---" if document.separated else ""
    if after is document.data:
        return separator + document.text
    header = HEADER.match(document.text)
    kept = header[0] if header else ""
    if document.separated and not kept.endswith("\n"):
        kept += "\n"
    return separator + kept + dumped(document.node, document.data, after)
