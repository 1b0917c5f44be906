"""Binary event streams: every header type, both checksums, any split, and what botocore makes of the same bytes."""

import random
import struct
from itertools import pairwise
from zlib import crc32

import pytest
from botocore.eventstream import EventStreamBuffer  # type: ignore[import-untyped]
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.wire.events import Event, FrameError, TooLong
from proxy.wire.eventstream import (
    LONGEST_HEADERS,
    Reader,
    find_frame,
    headers_of,
    only_payload,
    read_headers,
    render_event,
)

FRAMES = [
    render_event("messageStart", b'{"role":"assistant"}'),
    render_event("contentBlockDelta", '{"delta":{"text":"é"}}'.encode()),
    render_event("exception/throttlingException", b'{"message":"later"}'),
    render_event("ping", b""),
]
EVENTS = [
    Event("messageStart", b'{"role":"assistant"}'),
    Event("contentBlockDelta", '{"delta":{"text":"é"}}'.encode()),
    Event("exception/throttlingException", b'{"message":"later"}'),
    Event("ping", b""),
]
STREAM = b"".join(FRAMES)


def frame(headers: bytes, payload: bytes = b"") -> bytes:
    """A frame with the given headers, whatever they are."""
    lengths = struct.pack(">II", len(headers) + len(payload) + 16, len(headers))
    body = lengths + struct.pack(">I", crc32(lengths)) + headers + payload
    return body + struct.pack(">I", crc32(body))


def header(name: str, kind: int, value: bytes) -> bytes:
    return bytes([len(name.encode())]) + name.encode() + bytes([kind]) + value


def text(name: str, value: str) -> bytes:
    return header(name, 7, struct.pack(">H", len(value.encode())) + value.encode())


def feed_all(pieces: list[bytes]) -> list[Event]:
    reader = Reader()
    events = [event for piece in pieces for event in reader.feed(piece)]
    assert reader.end() == b""
    return events


def test_frames_come_back_as_events() -> None:
    assert feed_all([STREAM]) == EVENTS


def test_every_cut_gives_the_same_events() -> None:
    for at in range(len(STREAM) + 1):
        assert feed_all([STREAM[:at], STREAM[at:]]) == EVENTS
    assert feed_all([STREAM[at : at + 1] for at in range(len(STREAM))]) == EVENTS


def test_random_pieces_give_the_same_events() -> None:
    dice = random.Random(7)
    for _ in range(200):
        cuts = [0, *sorted(dice.sample(range(len(STREAM)), 6)), len(STREAM)]
        assert feed_all([STREAM[start:end] for start, end in pairwise(cuts)]) == EVENTS


def test_what_was_begun_is_pending_and_given_back_at_the_end() -> None:
    reader = Reader()
    assert reader.feed(STREAM + FRAMES[0][:20]) == EVENTS
    assert bytes(reader.pending) == FRAMES[0][:20]
    assert reader.end() == FRAMES[0][:20]
    assert reader.end() == b""


def test_botocore_reads_the_same_in_our_frames() -> None:
    buffer = EventStreamBuffer()
    buffer.add_data(STREAM)
    read = [message.to_response_dict() for message in buffer]
    assert [message["body"] for message in read] == [event.data for event in EVENTS]
    assert [message["status_code"] for message in read] == [200, 200, 400, 200]
    assert read[0]["headers"] == {
        ":event-type": "messageStart",
        ":content-type": "application/json",
        ":message-type": "event",
    }
    assert read[2]["headers"][":exception-type"] == "throttlingException"


def test_every_type_of_header_is_read_as_botocore_reads_it() -> None:
    block = b"".join(
        [
            header("yes", 0, b""),
            header("no", 1, b""),
            header("byte", 2, struct.pack(">b", -3)),
            header("short", 3, struct.pack(">h", -300)),
            header("integer", 4, struct.pack(">i", 1 << 30)),
            header("long", 5, struct.pack(">q", -(1 << 60))),
            header("bytes", 6, struct.pack(">H", 2) + b"\xff\x00"),
            text("string", "é"),
            header("time", 8, struct.pack(">q", 1_700_000_000_000)),
            header("uuid", 9, bytes(range(16))),
            text(":event-type", "all"),
        ]
    )
    buffer = EventStreamBuffer()
    buffer.add_data(frame(block, b"x"))
    assert read_headers(block) == next(buffer).headers
    assert Reader().feed(frame(block, b"x")) == [Event("all", b"x")]


def test_an_error_frame_says_its_words_as_json() -> None:
    block = text(":message-type", "error") + text(":error-code", "Oops") + text(":error-message", "no\n")
    assert Reader().feed(frame(block)) == [Event("error/Oops", b'{"message": "no\\n"}')]


def test_a_frame_without_a_name_has_none() -> None:
    assert Reader().feed(frame(b"", b"{}")) == [Event("", b"{}")]


def test_headers_too_long_to_be_remembered_are_read_all_the_same() -> None:
    block = text("note", "x" * 300) + text(":event-type", "late")
    assert Reader().feed(frame(block, b"1")) == [Event("late", b"1")]


BAD_HEADERS = [
    b"\x05ab",
    b"\x01a",
    header("a", 10, b""),
    header("a", 4, b"\x00"),
    header("a", 7, b"\x00\x09ab"),
    header("a", 9, b"short"),
    b"\x01\xff\x00",
    header("a", 7, b"\x00\x01\xff"),
    header("a", 0, b"") * 2,
]


@pytest.mark.parametrize("block", BAD_HEADERS)
def test_headers_that_cannot_be_read_are_an_error(block: bytes) -> None:
    with pytest.raises(FrameError):
        Reader().feed(frame(block))


def test_every_flipped_bit_is_noticed() -> None:
    whole = FRAMES[0]
    for at in range(len(whole) * 8):
        bad = bytearray(whole)
        bad[at // 8] ^= 1 << at % 8
        with pytest.raises(FrameError):
            Reader().feed(bytes(bad))


def test_a_piece_that_is_one_frame_of_a_kind() -> None:
    headers = headers_of("contentBlockDelta")
    assert only_payload(FRAMES[1], headers) == EVENTS[1].data
    assert only_payload(FRAMES[0], headers) is None, "another kind"
    assert only_payload(FRAMES[1] + FRAMES[1], headers) is None
    for size in range(len(FRAMES[1])):
        assert only_payload(FRAMES[1][:size], headers) is None
    for bit in range(8 * len(FRAMES[1])):
        flipped = bytearray(FRAMES[1])
        flipped[bit // 8] ^= 1 << bit % 8
        assert only_payload(bytes(flipped), headers) is None


def test_events_before_a_bad_frame_are_given_first() -> None:
    bad = FRAMES[1][:-1] + b"\x00"
    reader = Reader()
    assert reader.feed(FRAMES[0] + bad) == EVENTS[:1]
    assert bytes(reader.pending) == bad
    with pytest.raises(FrameError, match="wrong checksum"):
        reader.feed(b"more")


@pytest.mark.parametrize(("total", "headers"), [(15, 0), (0, 0), (20, 5), (1 << 20, LONGEST_HEADERS + 1)])
def test_lengths_that_contradict_each_other_are_an_error(total: int, headers: int) -> None:
    lengths = struct.pack(">II", total, headers)
    with pytest.raises(FrameError, match="contradict"):
        Reader().feed(lengths + struct.pack(">I", crc32(lengths)))


def test_a_frame_past_the_limit_is_refused_before_it_has_come() -> None:
    long = render_event("chunk", b"x" * 200)
    with pytest.raises(TooLong):
        Reader(limit=200).feed(long[:12])
    assert Reader(limit=len(long)).feed(long) == [Event("chunk", b"x" * 200)]


def test_a_long_frame_in_small_pieces_is_gathered_in_linear_time() -> None:
    long = render_event("chunk", bytes(1 << 20))
    reader = Reader()
    events = [event for at in range(0, len(long), 512) for event in reader.feed(long[at : at + 512])]
    assert events == [Event("chunk", bytes(1 << 20))]


@settings(max_examples=200, deadline=None, database=None)
@given(st.binary(max_size=80), st.integers(0, len(STREAM)))
def test_any_bytes_end_in_events_or_a_frame_error(noise: bytes, at: int) -> None:
    reader = Reader()
    try:
        for piece in (STREAM[:at], noise, STREAM[at:]):
            reader.feed(piece)
    except FrameError:
        pass
    assert len(reader.pending) <= len(STREAM) + len(noise)


def test_a_frame_is_found_again_in_a_tail() -> None:
    starts = [sum(map(len, FRAMES[:at])) for at in range(len(FRAMES))]
    for cut in range(len(STREAM)):
        following = [start for start in starts if start >= cut]
        expected = following[0] - cut if following else -1
        assert find_frame(STREAM[cut:]) == expected
    assert find_frame(STREAM, 1) == starts[1]
    assert find_frame(STREAM, starts[-1] + 1) == -1
    assert find_frame(b"\x00" * 5000) == -1
