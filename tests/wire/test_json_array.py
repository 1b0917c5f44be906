"""The elements of an array, whatever stands in them, cut anywhere; and what is no array."""

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.wire.events import FrameError, TooLong
from proxy.wire.json_array import Reader

FEW = settings(max_examples=200, deadline=None, database=None)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(alphabet='a"\\[]{},\n\u00e9 ', max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(alphabet='k"]\\', max_size=3), inner, max_size=3)
    ),
    max_leaves=12,
)


def read(*pieces: bytes) -> list[bytes]:
    reader = Reader()
    return [event.data for piece in pieces for event in reader.feed(piece)]


@pytest.mark.parametrize(
    ("array", "elements"),
    [
        (b"[]", []),
        (b" [\r\n] \n", []),
        (b"[1]", [b"1"]),
        (b'[{"a":1}\n,\r\n{"b":[2]}\n]\n', [b'{"a":1}', b'{"b":[2]}']),
        (
            b'[ "a]\\"," , "\\\\" ,[[],[1]],null , {"}":"{"} ]',
            [b'"a]\\","', b'"\\\\"', b"[[],[1]]", b"null", b'{"}":"{"}'],
        ),
        (b"\xef\xbb\xbf[true,false]", [b"true", b"false"]),
    ],
)
def test_elements(array: bytes, elements: list[bytes]) -> None:
    assert read(array) == elements
    assert read(*(array[at : at + 1] for at in range(len(array)))) == elements
    for at in range(len(array)):
        assert read(array[:at], array[at:]) == elements


def test_an_element_is_given_with_its_last_byte() -> None:
    reader = Reader()
    assert [event.data for event in reader.feed(b'[{"a":"x"}')] == [b'{"a":"x"}']
    assert not reader.pending
    assert reader.feed(b'\n,\n{"a":') == []
    assert bytes(reader.pending) == b'{"a":'
    assert reader.end() == b'{"a":'
    assert reader.end() == b""


@pytest.mark.parametrize(
    "data", [b"{}", b"data: {}\n\n", b"1", b"[1,,2]", b"[,1]", b"[1]]", b"[1] x", b"[{}{}]", b"\xef["]
)
def test_what_is_no_array(data: bytes) -> None:
    with pytest.raises(FrameError):
        read(*(data[at : at + 1] for at in range(len(data))))


def test_an_element_has_a_limit_and_an_array_has_none() -> None:
    reader = Reader(limit=100)
    assert reader.feed(b"[") == []
    for _ in range(50):
        assert len(reader.feed(b'"0123456789",')) == 1
    with pytest.raises(TooLong):
        reader.feed(b'"' + b"x" * 101)


@FEW
@given(st.lists(JSON, max_size=5), st.integers(1, 7))
def test_any_array_in_any_pieces(values: list[object], size: int) -> None:
    array = orjson.dumps(values, option=orjson.OPT_INDENT_2)
    pieces = (array[at : at + size] for at in range(0, len(array), size))
    assert [orjson.loads(element) for element in read(*pieces)] == values


@FEW
@given(st.binary(max_size=40))
def test_any_bytes(data: bytes) -> None:
    reader = Reader()
    try:
        reader.feed(b"[" + data)
    except FrameError:
        return
    assert len(reader.end()) <= len(data)
