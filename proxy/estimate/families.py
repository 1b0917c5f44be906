"""Which tokenizer a model has and what stands around a request to it, by the name it is asked for. Pure.

Nobody tells the tokenizers of Claude and Gemini: the family goes by the one that was told last, and the factor by what the
provider says since (about 30 % more tokens from Claude 4.7 on, https://platform.claude.com/docs/en/about-claude/models). What
stands around messages and tools was found in recorded answers. Of OpenAI's it is told:
https://cookbook.openai.com/examples/how_to_count_tokens_with_tiktoken.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple


class Family(NamedTuple):
    """The tokenizer, a name in weights.FAMILIES, and tokens of what is not text.

    factor: how many times the tokenizer's tokens a text has. message, prompt: around each message, and around all.
    tools, schema: what offering any tools takes, and asking for a schema. shown: how much of their JSON a model is shown.
    """

    name: str
    factor: float = 1.0
    message: int = 4
    prompt: int = 3
    tools: int = 0
    schema: int = 0
    shown: float = 1.0


UNKNOWN = Family("", tools=150)
CLAUDE = Family("claude", tools=310, schema=100)
OPENAI = Family("openai", shown=0.65)
#: From Claude 4.7 on.
LATER_CLAUDE = r"claude-(?:[a-z]+-)?(?:4[-.][7-9](?!\d)|[5-9](?!\d))"
#: The first one that is found anywhere in a name; a name may have a provider, a region or an account before it.
PATTERNS: tuple[tuple[re.Pattern[str], Family], ...] = tuple(
    (re.compile(pattern), family)
    for pattern, family in (
        (LATER_CLAUDE, CLAUDE._replace(factor=1.3, tools=400)),
        (r"claude-[a-z]+-4[-.]5(?!\d)", CLAUDE._replace(tools=500)),
        (r"claude", CLAUDE),
        (r"deepseek", Family("deepseek", tools=150)),
        (r"qwen|qwq", Family("qwen", tools=60)),
        (r"gpt-3|gpt-4(?![.o\d])|text-embedding|davinci-002|babbage-002", OPENAI._replace(name="openai before 4o")),
        (r"gpt|(?<![a-z0-9])o[134](?![a-z0-9])", OPENAI),
        (r"gemini|gemma", Family("gemini", message=0, prompt=0, shown=0.5)),
        (r"(?:mis|mix|minis|magis|codes|devs|pix|vox)tral", Family("mistral")),
        (r"llama", Family("llama", tools=100)),
    )
)


@lru_cache(maxsize=1024)
def family_of(model: str) -> Family:
    """UNKNOWN for "" and for whatever is in no row."""
    name = model.lower()
    return next((family for pattern, family in PATTERNS if pattern.search(name)), UNKNOWN)
