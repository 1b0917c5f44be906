"""How many tokens a request may hold, before anyone has said so. Pure, and without the tables of a tokenizer.

Here is what others ask; what answers them is imported when the first one does. How wrong the answers are: docs/tokens.md.
"""

from __future__ import annotations

from proxy.call import Call, Json


def prompt_tokens(call: Call) -> int:
    """Tokens of a call's prompt. They are counted once, and remembered in `call.tokens`."""
    if call.tokens is None:
        call.tokens = estimate_prompt(call.json, model_of(call))
    return call.tokens


def model_of(call: Call) -> str:
    """The model that counts: that of the target, or the one asked for while there is none."""
    return call.model if call.target is None else call.target.model


def estimate_prompt(unified: Json, model: str = "") -> int:
    """Tokens of a unified request; `model` may be any name that a provider gives it."""
    from proxy.estimate.prompt import weigh_prompt

    return weigh_prompt(unified, model)


def weigh_text(text: str, model: str = "") -> float:
    """Tokens of a text alone, as `model` would have them."""
    from proxy.estimate.families import family_of
    from proxy.estimate.prompt import estimating

    return estimating(family_of(model))(text)
