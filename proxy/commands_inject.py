"""What `outrider inject` does: manifests in, the same manifests out, with the sidecar in the pods that ask for it.

It reads files and standard input, and opens no connection. Nothing is printed where a pod is refused or a document cannot be
read, so that what comes next in a pipeline never gets half of it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from proxy.injector import template as templates
from proxy.injector.manifests import Document, ManifestError, parts, read, written
from proxy.injector.template import TemplateError
from proxy.injector.workloads import Asked, Told, injected
from proxy.terminal import complain, safe, write

OK = 0
FAILED = 1
REFUSED = 2
STANDARD_INPUT = "-"
LONGEST_LINE = 1000
#: The key of the ConfigMap.
TEMPLATE = "template.json"


class Wanted(NamedTuple):
    """`every`: pods without the label, too. `template`: a file. `native`: always or never, whatever the template says."""

    every: bool = False
    template: str | None = None
    native: str | None = None
    server: tuple[int, int] | None = None
    namespace: str = "default"


class Fault(Exception):
    """What ends the command; the message is for people."""


class Result(NamedTuple):
    """`faults` refuse all of it. `pods`: how many there are, `done`: how many have the sidecar now."""

    pieces: list[tuple[Document, Any]]
    faults: list[str]
    notes: list[str]
    pods: int = 0
    done: int = 0


def inject(paths: Sequence[str], wanted: Wanted, *, as_json: bool = False) -> int:
    """Print the manifests. 0: done; 1: who read them has gone; 2: a file, a document or a pod cannot be taken."""
    try:
        template = _template(wanted)
        result = _injected(paths, template, wanted)
    except Fault as fault:
        complain([str(fault)])
        return REFUSED
    complain([*result.notes, *result.faults])
    if result.faults:
        return REFUSED
    return OK if write(_as_json(result) if as_json else _as_yaml(result)) else FAILED


def _template(wanted: Wanted) -> Mapping[str, Any]:
    try:
        found = templates.packaged() if wanted.template is None else _read_template(Path(wanted.template).read_bytes())
    except OSError as error:
        raise Fault(f"--template {wanted.template}: {error.strerror}") from None
    except (TemplateError, UnicodeDecodeError, ManifestError) as error:
        told = "not UTF-8" if isinstance(error, UnicodeDecodeError) else error
        raise Fault(f"--template {wanted.template}: {told}") from None
    return found if wanted.native is None else {**found, "native": wanted.native}


def _read_template(content: bytes) -> Mapping[str, Any]:
    """The template itself, or the ConfigMap in which the chart renders it."""
    text = content.decode("utf-8")
    if text.lstrip()[:1] not in ("{", "["):
        # `helm template` puts a separator before the one document.
        for part, separated in parts(text):
            found = read(part, separated).data
            data = found.get("data") if isinstance(found, dict) else None
            if isinstance(data, dict) and isinstance(data.get(TEMPLATE), str):
                return templates.parse(data[TEMPLATE])
    return templates.parse(text)


def _injected(paths: Sequence[str], template: Mapping[str, Any], wanted: Wanted) -> Result:
    asked = Asked(wanted.every, wanted.namespace, wanted.server)
    result = Result([], [], [])
    pods = done = 0
    for path in paths or [STANDARD_INPUT]:
        label = f"{path}, " if len(paths) > 1 else ""
        for number, (text, separated) in enumerate(parts(_content(path)), start=1):
            told: list[Told] = []
            try:
                document = read(text, separated)
                after = injected(document.data, template, asked, told.append)
            except ManifestError as error:
                result.faults.append(f"{label}document {number}: {error}")
                continue
            result.pieces.append((document, after))
            for each in told:
                pods += 1
                done += each.answer is not None and each.answer.allowed and each.answer.skipped is None
                _note(result, f"{label}document {number}, {each.where}", each)
    if pods and not done and not result.faults:
        label = f"{template['domain']}/inject"
        result.notes.append(
            f'no pod was injected: they ask for it by the label {label}: "true", or --all does for them'
        )
    return result._replace(pods=pods, done=done)


def _content(path: str) -> str:
    if path == STANDARD_INPUT and sys.stdin.isatty():
        raise Fault("-f FILE is needed, or manifests on standard input")
    try:
        content = sys.stdin.buffer.read() if path == STANDARD_INPUT else Path(path).read_bytes()
        return content.decode("utf-8")
    except OSError as error:
        raise Fault(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise Fault(f"{path}: not UTF-8") from None


def _note(result: Result, where: str, told: Told) -> None:
    """One line each; names and values in them come from outside."""
    notes = list(told.notes)
    if told.answer is not None:
        notes += told.answer.warnings
        notes += [f"not injected: {told.answer.skipped}"] if told.answer.skipped else []
    result.notes.extend(safe(f"{where}: {note}", LONGEST_LINE) for note in notes)
    if told.answer is not None and told.answer.refusal is not None:
        message = told.answer.refusal.message.removeprefix("outrider: ")
        result.faults.append(safe(f"{where}: {message}", LONGEST_LINE))


def _as_yaml(result: Result) -> str:
    return "".join(_joined(result))


def _joined(result: Result) -> Iterator[str]:
    """A file may begin without a separator and end without a line's end: what follows is another document all the same."""
    last = ""
    for document, after in result.pieces:
        text = written(document, after)
        if last:
            yield ("" if last.endswith("\n") else "\n") + ("" if document.separated else "---\n")
        yield text
        last = text


def _as_json(result: Result) -> str:
    """A stream of objects, as kubectl reads them; what is empty is left out."""
    found = [after for _, after in result.pieces if after is not None]
    return "".join(json.dumps(after, indent=2, ensure_ascii=False) + "\n" for after in found)
