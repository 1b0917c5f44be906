"""The likelihood of tokens, both ways."""

from typing import Any

import pytest

from proxy.call import Failure, Json
from proxy.dialects.ollama.logprobs import parse_logprobs, render_logprobs

WIRE: Json = {
    "logprobs": [
        {"token": "a", "logprob": -0.1, "bytes": [97], "top_logprobs": [{"token": "b", "logprob": -2, "bytes": [98]}]},
        {"token": "c", "logprob": 0},
    ]
}


def test_there_and_back() -> None:
    unified = parse_logprobs(WIRE)
    assert unified == {
        "logprobs": {
            "content": [
                WIRE["logprobs"][0],
                {"token": "c", "logprob": 0, "bytes": None, "top_logprobs": []},
            ],
            "refusal": None,
        }
    }
    assert render_logprobs(unified) == WIRE


@pytest.mark.parametrize("choice", [{}, {"logprobs": None}, {"logprobs": {"content": None}}])
def test_none(choice: Json) -> None:
    assert render_logprobs(choice) == {}
    assert parse_logprobs({"logprobs": None}) == {}


@pytest.mark.parametrize("given", [3, [3], [{"top_logprobs": 3}], [{"top_logprobs": [3]}]])
def test_what_is_no_list_of_tokens(given: Any) -> None:
    with pytest.raises(Failure):
        parse_logprobs({"logprobs": given})
    with pytest.raises(Failure):
        render_logprobs({"logprobs": {"content": given}})
