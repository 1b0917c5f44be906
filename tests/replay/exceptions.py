"""In what a replay may differ from its recording, and why. Each row must be needed: an unused one fails.

Patterns are regular expressions that match the whole name of a recording.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple


class Row(NamedTuple):
    """`what`: the `path` or `body` that goes up, the `usage` in the log; or `refused`, where the sidecar does not ask at all."""

    where: str
    what: str
    why: str


RELAYS: tuple[Row, ...] = (
    Row(
        "bedrock-converse/stream-error-req_llm-.*",
        "refused",
        "a text that is called a PNG is refused at once, and the provider refused it too",
    ),
    Row(
        "openrouter/stream-tool-call-ruby_llm-.*",
        "body",
        "OpenRouter's own `reasoning` has the name of an extra of the unified form, which has no `max_tokens`",
    ),
    Row(
        "azure/stream-reasoning-chatlas-.*",
        "path",
        "Azure's dated form of the Responses API; the file asks for the one without a date",
    ),
    Row("bedrock-mantle/.*", "path", "another host of Amazon's, for which an operator gives the address"),
    Row("deepseek/(stream-basic|tool-result)-llm-rb-.*", "path", "DeepSeek takes /v1/ for the same"),
)

#: What an address may say otherwise without another meaning: pattern -> what it is read as.
SPELLINGS: Mapping[str, str] = {
    r"\?beta=true$": "",
    "/v1beta1/": "/v1/",
    "(?<=azure.com)//": "/",
}


def plain(url: str) -> str:
    """The address as it is compared: a mark of Anthropic's SDK, a version of Google's, a slash that one recorder doubled."""
    for pattern, instead in SPELLINGS.items():
        url = re.sub(pattern, instead, url)
    return url


def excuse(name: str, what: str) -> Row | None:
    return next((row for row in RELAYS if row.what == what and re.fullmatch(row.where, name)), None)


#: Dialects that an application of another one is never translated to, and why.
FOR_RELAYS_ALONE: Mapping[str, str] = {
    "bedrock_invoke": "who speaks another dialect is translated to Converse",
    "gemini_array": "who speaks another dialect is translated to server-sent events",
}
