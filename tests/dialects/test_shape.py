"""The two ways to complain: about the caller's request and about the provider's answer."""

from typing import Any

import pytest

from proxy.call import Failure
from proxy.dialects.shape import answered, asked, chosen, load_object, some, unsayable, wrong


@pytest.mark.parametrize(("value", "kind"), [("1", int), (True, int), (None, str), ([], dict), (1, bool)])
def test_the_wrong_kind_of_a_request_is_the_callers_fault_and_names_the_path(value: Any, kind: type) -> None:
    with pytest.raises(Failure) as caught:
        asked(value, kind, "messages[3].content")
    assert (caught.value.kind, caught.value.param) == ("invalid_request", "messages[3].content")


def test_the_right_kind_is_handed_back() -> None:
    assert asked({"a": 1}, dict, "x") == {"a": 1}
    assert asked(True, bool, "x") is True
    assert answered("words", str, "x") == "words"


def test_the_wrong_kind_of_an_answer_is_the_providers_fault() -> None:
    with pytest.raises(Failure, match="content is not an array") as caught:
        answered({}, list, "content")
    assert caught.value.kind == "provider_error"


def test_complaints_carry_their_path() -> None:
    assert wrong("n", "is odd").param == "n"
    assert unsayable("n", "is odd").kind == "unsupported_capability"


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"{}", b'{"type": 1}', b"\xff"])
def test_a_payload_is_an_object_with_a_type(data: bytes) -> None:
    with pytest.raises(Failure):
        load_object(data)


def test_absent_lists_and_members() -> None:
    assert some({}, "a") == some({"a": None}, "a") == []
    assert chosen({"a": 0, "b": None, "c": 1}, ("a", "b")) == {"a": 0}
