"""JSON as text, and what is too deep for it."""

import orjson
import pytest

from proxy.call import Failure
from proxy.dialects.bedrock.json_text import json_text
from proxy.dialects.shape import broken


def test_a_value_is_its_text_and_one_too_deep_is_the_complaint() -> None:
    complaint = broken("too deep")
    assert json_text({"a": [1, "é"]}, complaint) == '{"a":[1,"é"]}'
    deep = orjson.loads(b"[" * 900 + b"]" * 900)
    with pytest.raises(Failure) as caught:
        json_text(deep, complaint)
    assert caught.value is complaint
