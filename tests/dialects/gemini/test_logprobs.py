"""How sure the model was, in both directions."""

from proxy.dialects.gemini.logprobs import parse_logprobs, render_logprobs


def test_round() -> None:
    result = {
        "chosenCandidates": [{"token": "h\u00e9", "logProbability": -0.5}, {"token": "y", "logProbability": -1}],
        "topCandidates": [{"candidates": [{"token": "h\u00e9", "logProbability": -0.5}]}, {"candidates": []}],
    }
    said = parse_logprobs(result)
    assert said is not None
    assert said["content"][0] == {
        "token": "h\u00e9",
        "logprob": -0.5,
        "bytes": [104, 195, 169],
        "top_logprobs": [{"token": "h\u00e9", "logprob": -0.5, "bytes": [104, 195, 169]}],
    }
    assert render_logprobs(said) == result


def test_nothing_to_say() -> None:
    assert parse_logprobs({"chosenCandidates": []}) is None
    assert parse_logprobs(None) is None
    assert render_logprobs({"content": None}) is None
    assert parse_logprobs({"chosenCandidates": [{}]}) == {
        "content": [{"token": "", "logprob": 0.0, "bytes": [], "top_logprobs": []}],
        "refusal": None,
    }
