"""What readers give and raise."""

from __future__ import annotations

import pytest

from proxy.wire.events import Event, FrameError, TooLong


def test_an_event_is_a_name_and_its_data() -> None:
    assert Event("ping", b"{}") == ("ping", b"{}")


def test_too_long_is_a_fault_of_framing() -> None:
    with pytest.raises(FrameError):
        raise TooLong("an event of more than 9 bytes")
