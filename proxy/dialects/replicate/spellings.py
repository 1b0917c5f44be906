"""How the language models on Replicate spell what they are asked: each model has an input of its own, and families are alike.

A model is found by its name, `owner/name` with or without `:version`. One that no family knows is asked as the models that
Replicate serves by its own template are. Sources are the models' pages, https://replicate.com/{owner}/{name}/api/schema, of
meta/meta-llama-3-70b-instruct, meta/llama-2-70b-chat, openai/gpt-4o-mini, openai/gpt-5-nano, openai/o4-mini,
anthropic/claude-4-sonnet, google/gemini-2.5-flash, and https://github.com/replicate/cog-vllm for the template.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple


class Spelling(NamedTuple):
    """How a family takes its input.

    same:   unified fields that it has under the same names.
    limit:  the input for the most tokens. `least`: what that may be at least.
    system: the input for the system prompt.
    image:  the input for one image, or `images` for a list of them; "" where there is none.
    turns:  whether a conversation goes over as `messages`.
    stops:  whether stop sequences are taken: one text, commas between them.
    """

    same: tuple[str, ...]
    limit: str = "max_tokens"
    least: int = 1
    system: str = "system_prompt"
    image: str = ""
    images: str = ""
    turns: bool = False
    stops: bool = False


PENALTIES = ("presence_penalty", "frequency_penalty")
TEMPLATE = Spelling(("temperature", "top_p", "top_k", "seed", *PENALTIES), stops=True)
OPENAI = Spelling(
    ("temperature", "top_p", *PENALTIES),
    limit="max_completion_tokens",
    images="image_input",
    turns=True,
)
#: The first that fits. OpenAI's models that reason have no samplers.
FAMILIES: tuple[tuple[re.Pattern[str], Spelling], ...] = (
    (re.compile(r"openai/(?:o\d|gpt-5).*"), OPENAI._replace(same=("reasoning_effort", "verbosity"))),
    (re.compile(r"openai/gpt-4.*"), OPENAI),
    (re.compile(r"anthropic/.*"), Spelling((), least=1024, image="image")),
    (
        re.compile(r"google/gemini-.*"),
        Spelling(("temperature", "top_p"), limit="max_output_tokens", system="system_instruction", images="images"),
    ),
    (re.compile(r"meta/llama-2-.*"), Spelling(("temperature", "top_p", "top_k"), limit="max_new_tokens", stops=True)),
)


@lru_cache(maxsize=256)
def spelling_of(model: str) -> Spelling:
    return next((spelling for pattern, spelling in FAMILIES if pattern.fullmatch(model)), TEMPLATE)
