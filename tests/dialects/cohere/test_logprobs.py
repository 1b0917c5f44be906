"""Logprobs, both ways."""

from proxy.dialects.cohere.logprobs import parse_logprobs, render_logprobs, render_piece

ITEM = {"text": "Hé", "token_ids": [5, 6], "logprobs": [-0.5, -0.25]}


def test_a_piece_is_as_likely_as_its_tokens_together() -> None:
    unified = parse_logprobs([ITEM])
    assert unified == {
        "content": [
            {
                "token": "Hé",
                "logprob": -0.75,
                "bytes": [72, 195, 169],
                "top_logprobs": [],
                "token_ids": [5, 6],
                "token_logprobs": [-0.5, -0.25],
            }
        ]
    }
    assert render_logprobs(unified) == [ITEM]


def test_openais_tokens() -> None:
    unified = {"content": [{"token": "a", "logprob": -1.0}, {"token": "b", "logprob": -2.0}]}
    assert render_logprobs(unified) == [
        {"text": "a", "token_ids": [], "logprobs": [-1.0]},
        {"text": "b", "token_ids": [], "logprobs": [-2.0]},
    ]
    assert render_piece(unified) == {"text": "ab", "token_ids": [], "logprobs": [-1.0, -2.0]}


def test_none() -> None:
    assert parse_logprobs(None) is None
    assert parse_logprobs([]) is None
    assert render_logprobs({"refusal": []}) == []
    assert render_piece(None) is None
