"""Signed thoughts of others survive Google's SDK, which writes bytes in another alphabet."""

from base64 import b64decode, urlsafe_b64encode

from proxy.dialects.gemini.packed import pack_thinking, unpack_thinking


def test_a_block_comes_back_byte_for_byte() -> None:
    block = {"type": "thinking", "thinking": "h\u00e4?>~\u00ff", "signature": "a+/b=="}
    signature = pack_thinking(block)
    assert unpack_thinking(signature) == block
    assert unpack_thinking(urlsafe_b64encode(b64decode(signature)).decode()) == block


def test_what_is_googles_own_is_left_to_google() -> None:
    whole = pack_thinking({"a": 1})
    for signature in ("", "EpYCCpMCARFNMg", whole[:30], whole[:-8] + "!!!!", pack_thinking([])):  # type: ignore[arg-type]
        assert unpack_thinking(signature) is None
