"""`python -m tests.unified_table`: whether docs/unified.md says what the dialects' own tables say; with `--write`, let it.

The tables stand between two marks each, a row for each row of capabilities.py, a column for each dialect.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from proxy.dialects.capabilities import FIELDS, MESSAGES
from proxy.translate import DIALECTS

DOCUMENT = Path(__file__).parent.parent / "docs" / "unified.md"
COLUMNS = ("openai", "responses", "anthropic", "gemini", "bedrock", "ollama", "cohere")
TABLES: Mapping[str, tuple[str, Sequence[str]]] = {
    "fields": ("field", FIELDS),
    "messages": ("role, part or member", MESSAGES),
}
NOT_EXPRESSIBLE = "\u2014"


def table_of(head: str, rows: Sequence[str]) -> str:
    columns = [name for name in COLUMNS if name in DIALECTS]
    lines = [f"| {head} | {' | '.join(columns)} |", f"|---|{'---|' * len(columns)}"]
    for row in rows:
        said = [DIALECTS[name].support.get(row, NOT_EXPRESSIBLE) for name in columns]
        lines.append(f"| `{row}` | {' | '.join(said)} |")
    return "\n".join(lines)


def marks(name: str) -> tuple[str, str]:
    return f"<!-- table: {name} -->", f"<!-- end of table: {name} -->"


def written(text: str) -> str:
    """The document with its tables as they should be. ValueError where a mark is missing."""
    for name, (head, rows) in TABLES.items():
        begin, end = marks(name)
        start, stop = text.index(begin) + len(begin), text.index(end)
        text = f"{text[:start]}\n{table_of(head, rows)}\n{text[stop:]}"
    return text


def main(arguments: list[str]) -> int:
    text = DOCUMENT.read_text("utf-8")
    meant = written(text)
    if "--write" in arguments:
        DOCUMENT.write_text(meant, "utf-8")
        return 0
    return int(text != meant)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
