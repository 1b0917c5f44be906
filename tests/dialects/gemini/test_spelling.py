"""Both spellings of a member's name are one; nulls are nothing; what is within is left alone."""

import pytest

from proxy.call import Failure
from proxy.dialects.gemini.spelling import camel


def test_names() -> None:
    said = camel({"system_instruction": {"a_b": None}, "topP": 1, "top_k": None, "@type": 2, "_x": 3}, "body")
    assert said == {"systemInstruction": {"a_b": None}, "topP": 1, "@type": 2, "X": 3}
    with pytest.raises(Failure, match="contents must be an object"):
        camel([], "contents")
