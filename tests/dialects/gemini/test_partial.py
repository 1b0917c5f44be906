"""Arguments that come in pieces, each at its path."""

import pytest

from proxy.call import Failure, Json
from proxy.dialects.gemini.partial import OpenCall, steps_of


def open_call(*pieces: Json) -> Json:
    call = OpenCall({"functionCall": {"name": "f", "willContinue": True}, "thoughtSignature": "s"})
    for piece in pieces:
        call.add({"partialArgs": [piece]})
    return call.whole()


def test_strings_grow_and_places_are_made() -> None:
    whole = open_call(
        {"jsonPath": "$.city", "stringValue": "New ", "willContinue": True},
        {"jsonPath": "$.city", "stringValue": "Delhi"},
        {"jsonPath": "$.days[0]['max t'].c", "numberValue": 3.5},
        {"jsonPath": "$.days[1]", "boolValue": False},
        {"jsonPath": "$.nothing", "nullValue": "NULL_VALUE"},
    )
    arguments = {"city": "New Delhi", "days": [{"max t": {"c": 3.5}}, False], "nothing": None}
    assert whole == {"functionCall": {"name": "f", "args": arguments}, "thoughtSignature": "s"}


@pytest.mark.parametrize("path", ["", "a", "$", "$.", "$.a[-1]", "$..a", "$" + ".a" * 65, 3])
def test_what_is_no_path(path: object) -> None:
    with pytest.raises(Failure):
        steps_of(path)


def test_pieces_that_do_not_fit() -> None:
    for pieces in (("$.a", "$.a.b"), ("$.a[0]", "$.a[2]"), ("$.a[0]", "$.a.b")):
        with pytest.raises(Failure, match="does not fit"):
            open_call(*({"jsonPath": path, "stringValue": "x"} for path in pieces))
