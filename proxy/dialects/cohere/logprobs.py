"""How likely each piece of the answer was, unified and as Cohere says it.

Cohere gives one entry for a piece of text, which may be of several tokens; OpenAI one for each token. A piece of several
tokens is as likely as all of them together, and keeps its own numbers beside. Source:
https://docs.cohere.com/v2/reference/chat (logprobs).
"""

from __future__ import annotations

from typing import Any

from proxy.call import Json
from proxy.dialects.shape import answered, some

NUMBERS = (int, float)


def parse_logprobs(items: Any) -> Json | None:
    """The unified `logprobs` of a choice; None when there are none."""
    if not items:
        return None
    return {"content": [parse_item(answered(item, dict, "a logprob")) for item in answered(items, list, "logprobs")]}


def parse_item(item: Json) -> Json:
    text = answered(item.get("text") or "", str, "the text of a logprob")
    likely = [value for value in some(item, "logprobs") if type(value) in NUMBERS]
    return {
        "token": text,
        "logprob": sum(map(float, likely)),
        "bytes": list(text.encode("utf-8", "surrogatepass")),
        "top_logprobs": [],
        "token_ids": some(item, "token_ids"),
        "token_logprobs": likely,
    }


def render_logprobs(logprobs: Any) -> list[Json]:
    """Cohere's entries; [] when the choice has none."""
    entries = logprobs.get("content") if isinstance(logprobs, dict) else None
    return [render_item(entry) for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []


def render_item(entry: Json) -> Json:
    """`token_ids` is required; who does not tell has none."""
    ids, likely = entry.get("token_ids"), entry.get("token_logprobs")
    return {
        "text": str(entry.get("token") or ""),
        "token_ids": ids if isinstance(ids, list) else [],
        "logprobs": likely if isinstance(likely, list) else [entry.get("logprob")],
    }


def render_piece(logprobs: Any) -> Json | None:
    """One entry for all of a chunk, as a stream wants it; None when the chunk has none."""
    items = render_logprobs(logprobs)
    if not items:
        return None
    return {
        "text": "".join(item["text"] for item in items),
        "token_ids": [called for item in items for called in item["token_ids"]],
        "logprobs": [likely for item in items for likely in item["logprobs"]],
    }
