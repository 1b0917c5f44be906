"""Usage of an answer whose provider told none of it, or only the beginning: an estimate, marked as one.

What was told is kept as it is. It knows no socket and no event; how many tokens a text has, proxy.estimate says.
"""

from __future__ import annotations

from collections.abc import Callable

from proxy.call import Call, Json, Usage
from proxy.dialects import Dialect
from proxy.dialects.said import text_in
from proxy.estimate import model_of, prompt_tokens

#: Operations that are paid for by the token.
COUNTED = frozenset({"chat", "completions", "embeddings"})
#: Of a text of which only the length is known, in UTF-8: about that of English, and a little less than that of most scripts.
BYTES_PER_TOKEN = 4


def is_told(usage: Usage | None) -> bool:
    """Whether all of it was: an answer that took nothing had a prompt that took nothing, as where a guardrail spoke."""
    return usage is not None and (usage.completion > 0 or not usage.prompt)


def fill(call: Call, told: Usage | None, said: Callable[[], int]) -> Usage | None:
    """`told`, and what is missing from it estimated: the prompt where nothing was told, the answer where nothing of it was.

    said: tokens of what the model has said, which is asked for only then. None for what is not paid for by the token.
    """
    if is_told(told) or call.operation not in COUNTED:
        return told
    answer = said() if call.operation != "embeddings" else 0
    if told is None:
        return Usage(prompt_tokens(call), output=answer, estimated=True)
    if answer:
        told.output = answer
        told.estimated = True
    return told


def fill_begun(call: Call, told: Usage | None, said: Callable[[], int]) -> Usage | None:
    """The same for a stream: one of which the application has heard nothing is no answer, and takes what was told."""
    if is_told(told) or not call.client.started:
        return told
    return fill(call, told, said)


def fill_whole(call: Call, told: Usage | None, theirs: Dialect, reply: Json) -> Usage | None:
    """The same for a whole reply."""
    return fill(call, told, lambda: tokens_of(theirs.text_in(reply), model_of(call)))


def tokens_of(text: str, model: str) -> int:
    """Tokens of a text of that model's, by estimate."""
    if not text:
        return 0
    # Imported once there is something to estimate: mostly there never is.
    from proxy.estimate.families import family_of
    from proxy.estimate.prompt import estimating

    return max(round(estimating(family_of(model))(text)), 1)


def length_of(chunk: Json) -> int:
    """Bytes of what a unified chunk says."""
    choices = chunk.get("choices")
    if type(choices) is not list or not choices:
        return 0
    if len(choices) == 1 and type(choice := choices[0]) is dict and type(delta := choice.get("delta")) is dict:
        words = delta.get("content")
        if len(delta) == 1 and type(words) is str:
            return len(words) if words.isascii() else len(words.encode("utf-8", "replace"))
        if not delta:
            return 0
    return len(text_in(choices).encode("utf-8", "replace"))
