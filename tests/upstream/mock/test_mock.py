"""A mock is made when it is first called, on the wire that it was configured with, and stays closed once closed."""

from __future__ import annotations

import pytest

from proxy.upstream.mock import Mock
from tests.upstream.mock.playing import AT_ONCE, Client, chat, http


async def test_its_connections_lead_to_one_mock_of_its_wire() -> None:
    mock = Mock("vllm", AT_ONCE)
    for status in (503, 503, 200):  # it remembers from one connection to the next
        transport, client = await mock.connect(Client)
        transport.write(http(chat(model="mock-flaky-2")))
        answer = await client.answer()
        assert answer.status == status
        transport.close()
    assert "prompt_logprobs" in answer.json
    mock.close()


async def test_closing_ends_its_connections_and_refuses_new_ones() -> None:
    mock = Mock("openai", AT_ONCE)
    _, client = await mock.connect(Client)
    mock.close()
    assert await client.ended() == b""
    with pytest.raises(ConnectionRefusedError):
        await mock.connect(Client)


async def test_one_that_was_never_called_is_refused_too_once_closed() -> None:
    mock = Mock("openai", AT_ONCE)
    mock.close()
    with pytest.raises(ConnectionRefusedError):
        await mock.connect(Client)
