"""`python -m tests.unified_table`: whether docs/unified.md says what the dialects' own tables say; with `--write`, let it.

The tables stand between two marks each: a row for each row of capabilities.py, how an answer ended in the provider's words and
back in the application's, each with a column for each dialect; and what lies with whom.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from proxy.dialects.anthropic import reply as anthropic
from proxy.dialects.bedrock import render_reply as bedrock_said
from proxy.dialects.bedrock import reply as bedrock
from proxy.dialects.capabilities import FIELDS, MESSAGES
from proxy.dialects.cohere import reply as cohere
from proxy.dialects.gemini import finish as gemini
from proxy.dialects.ollama import reply as ollama
from proxy.dialects.responses import output as responses_said
from proxy.dialects.responses import reply as responses
from proxy.translate import DIALECTS

DOCUMENT = Path(__file__).parent.parent / "docs" / "unified.md"
COLUMNS = ("openai", "responses", "anthropic", "gemini", "bedrock", "ollama", "cohere")
NOT_EXPRESSIBLE = "\u2014"

#: finish_reason, of every answer that ended as one may expect.
ENDS = ("stop", "length", "tool_calls", "content_filter")
#: They are OpenAI's own words.
SAME: Mapping[str, str] = {end: end for end in ENDS}
#: The status of a response that is not incomplete. It has no reason besides, so that no table of the dialect's holds it.
COMPLETED = "completed"


class Words(NamedTuple):
    """`heard`: the provider's word -> finish_reason. `said`: finish_reason -> the word that the application gets."""

    heard: Mapping[str, str]
    said: Mapping[str, str]


WORDS: Mapping[str, Words] = {
    "openai": Words(SAME, SAME),
    "responses": Words(
        {COMPLETED: "stop", **responses.FINISH_REASONS},
        {**{end: COMPLETED for end in ENDS if end in responses_said.GOOD}, **responses_said.REASONS},
    ),
    "anthropic": Words(anthropic.FINISH_REASONS, anthropic.STOP_REASONS),
    "gemini": Words(gemini.FINISH_REASONS, gemini.REASONS),
    "bedrock": Words(bedrock.FINISH_REASONS, bedrock_said.STOP_REASONS),
    "ollama": Words(ollama.FINISH_REASONS, ollama.DONE_REASONS),
    "cohere": Words(cohere.FINISH_REASONS, cohere.STOP_REASONS),
}


def supported(row: str, dialect: str) -> str:
    return DIALECTS[dialect].support.get(row, NOT_EXPRESSIBLE)


def heard(end: str, dialect: str) -> str:
    """The words that mean this end. Who has none for calls ends them as any other answer."""
    words = [word for word, meant in WORDS[dialect].heard.items() if meant == end]
    none = "that of `stop`" if end == "tool_calls" else NOT_EXPRESSIBLE
    return ", ".join(f"`{word}`" for word in words) or none


def said(end: str, dialect: str) -> str:
    """What has no word of the dialect's own is said as it is."""
    return f"`{WORDS[dialect].said.get(end, end)}`"


def table_of(head: str, rows: Sequence[str], cell: Callable[[str, str], str]) -> str:
    lines = [f"| {head} | {' | '.join(COLUMNS)} |", f"|---|{'---|' * len(COLUMNS)}"]
    lines += [f"| `{row}` | {' | '.join(cell(row, dialect) for dialect in COLUMNS)} |" for row in rows]
    return "\n".join(lines)


def listed(names: Collection[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names))


def table_of_state() -> str:
    """What only these providers have, and what they want to be given whole. Variants of a dialect mostly agree with it."""
    alike: dict[str, list[str]] = {}
    for dialect in DIALECTS.values():
        if dialect.stateful or dialect.needs_bytes:
            cells = [listed(cell) or NOT_EXPRESSIBLE for cell in (dialect.stateful, dialect.needs_bytes)]
            alike.setdefault(" | ".join(cells), []).append(dialect.name)
    rows = [f"| {listed(names)} | {cells} |" for cells, names in alike.items()]
    return "\n".join(["| dialect | lies with the provider | by value only |", "|---|---|---|", *rows])


TABLES: Mapping[str, Callable[[], str]] = {
    "fields": partial(table_of, "field", FIELDS, supported),
    "messages": partial(table_of, "role, part or member", MESSAGES, supported),
    "state": table_of_state,
    "finish_reason, heard": partial(table_of, "`finish_reason`", ENDS, heard),
    "finish_reason, said": partial(table_of, "`finish_reason`", ENDS, said),
}


def marks(name: str) -> tuple[str, str]:
    return f"<!-- table: {name} -->", f"<!-- end of table: {name} -->"


def written(text: str) -> str:
    """The document with its tables as they should be. ValueError where a mark is missing."""
    for name, table in TABLES.items():
        begin, end = marks(name)
        start, stop = text.index(begin) + len(begin), text.index(end)
        text = f"{text[:start]}\n{table()}\n{text[stop:]}"
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
