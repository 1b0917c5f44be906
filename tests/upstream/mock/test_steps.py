"""HTTP messages."""

from __future__ import annotations

from proxy.upstream.mock.steps import chunk, head, json_script, message
from tests.upstream.mock.playing import Answer, sent


def test_a_head() -> None:
    assert head(429, {"retry-after": "2"}) == b"HTTP/1.1 429 Too Many Requests\r\nretry-after: 2\r\n\r\n"
    assert head(529, {}) == b"HTTP/1.1 529 \r\n\r\n"


def test_a_chunk_states_its_size_in_hex() -> None:
    assert chunk(b"x" * 26) == b"1a\r\n" + b"x" * 26 + b"\r\n"


def test_a_whole_message() -> None:
    answer = Answer(message(200, b"{}", headers={"x-a": "b"}))
    assert (answer.status, answer.body, answer.headers["x-a"], answer.complete) == (200, b"{}", "b", True)


def test_a_last_answer_says_so() -> None:
    assert Answer(sent(json_script(400, {}, end="close"))).headers["connection"] == "close"
    assert "connection" not in Answer(sent(json_script(400, {}))).headers
