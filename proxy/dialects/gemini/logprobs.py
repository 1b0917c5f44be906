"""How sure the model was of each token: Google's logprobsResult and OpenAI's logprobs.

Sources: https://ai.google.dev/api/generate-content#LogprobsResult, https://platform.openai.com/docs/api-reference/chat/object.
"""

from __future__ import annotations

from typing import Any

from proxy.call import Json


def parse_logprobs(result: Any) -> Json | None:
    """OpenAI's `logprobs` of a candidate; None when it has none."""
    chosen = entries(result, "chosenCandidates")
    if not chosen:
        return None
    tops = entries(result, "topCandidates")
    return {
        "content": [
            {
                **token_of(entry),
                "top_logprobs": [token_of(top) for top in entries(tops[at] if at < len(tops) else None, "candidates")],
            }
            for at, entry in enumerate(chosen)
        ],
        "refusal": None,
    }


def entries(mapping: Any, name: str) -> list[Json]:
    listed = mapping.get(name) if isinstance(mapping, dict) else None
    return [entry for entry in listed if isinstance(entry, dict)] if isinstance(listed, list) else []


def token_of(entry: Json) -> Json:
    token = entry.get("token")
    words = token if isinstance(token, str) else ""
    probability = entry.get("logProbability")
    return {
        "token": words,
        "logprob": probability if isinstance(probability, int | float) else 0.0,
        "bytes": list(words.encode("utf-8", "surrogatepass")),
    }


def render_logprobs(logprobs: Any) -> Json | None:
    """Google's logprobsResult; None when there is nothing to say."""
    content = entries(logprobs, "content")
    if not content:
        return None
    return {
        "chosenCandidates": [candidate_of(entry) for entry in content],
        "topCandidates": [
            {"candidates": [candidate_of(top) for top in entries(entry, "top_logprobs")]} for entry in content
        ],
    }


def candidate_of(entry: Json) -> Json:
    return {"token": entry.get("token"), "logProbability": entry.get("logprob")}
