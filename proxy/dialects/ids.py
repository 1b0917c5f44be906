"""Names for tool calls, and what travels in them.

Gemini signs its thoughts on the tool call itself and refuses the next turn without the signature. Most applications keep of a
call only its id, name and arguments, so the signature is carried inside the id as well as in
`extra_content.google.thought_signature` (https://ai.google.dev/gemini-api/docs/thought-signatures, the form of Google's own
OpenAI-compatible API). Ids are made of letters, digits, `_` and `-`, which every dialect allows. Providers without ids get ones
that depend on nothing but the answer itself.
"""

from __future__ import annotations

import binascii
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import blake2b
from typing import Any

from proxy.call import Json

#: Stands between an id and the signature in it: bytes as base64url, or a text that is not plain base64 as base64url once more.
MARK = "__sig_"
AS_BYTES, AS_TEXT = "b_", "t_"
PLAIN = re.compile(r"[A-Za-z0-9_-]*")


def made_up_id(*words: object) -> str:
    """An id for a tool call that has none: the same answer gives the same ids, another turn's gives others."""
    said = "\x1f".join(map(str, words)).encode("utf-8", "surrogatepass")
    return f"call_{blake2b(said, digest_size=12).hexdigest()}"


def plain_id(called: str, longest: int = 64) -> str:
    """An id for a provider that takes only letters, digits, `_` and `-`, and not too many: others give what they like
    (`functions.search:0`). The same id always becomes the same, so that call and result still find each other.
    """
    return called if 0 < len(called) <= longest and PLAIN.fullmatch(called) else made_up_id(called)


def pack_signature(called: str, signature: str) -> str:
    """`called` with `signature` in it, exactly as it is."""
    plain = signature.rstrip("=").replace("+", "-").replace("/", "_")
    if PLAIN.fullmatch(plain) and unpacked_bytes(plain) == signature:
        return f"{called}{MARK}{AS_BYTES}{plain}"
    return (
        f"{called}{MARK}{AS_TEXT}{urlsafe_b64encode(signature.encode('utf-8', 'surrogatepass')).decode().rstrip('=')}"
    )


def unpack_signature(called: str) -> tuple[str, str | None]:
    """The id as the provider knows it, and the signature that was in it."""
    bare, mark, packed = called.partition(MARK)
    if not mark:
        return called, None
    form, rest = packed[:2], packed[2:]
    signature = unpacked_bytes(rest) if form == AS_BYTES else unpacked_text(rest) if form == AS_TEXT else None
    return (called, None) if signature is None else (bare, signature)


def unpacked_bytes(plain: str) -> str | None:
    """Base64 of the usual alphabet, with its padding, from base64url without."""
    signature = plain.replace("-", "+").replace("_", "/")
    return None if not signature.isascii() else signature + "=" * (-len(signature) % 4)


def unpacked_text(packed: str) -> str | None:
    try:
        return urlsafe_b64decode(packed + "=" * (-len(packed) % 4)).decode("utf-8", "surrogatepass")
    except (binascii.Error, UnicodeError, ValueError):
        return None


def signature_of(call: Json) -> str | None:
    """The thought signature that a unified tool call, part or message carries in the open."""
    extra = call.get("extra_content")
    google = extra.get("google") if isinstance(extra, dict) else None
    signature = google.get("thought_signature") if isinstance(google, dict) else None
    return signature if isinstance(signature, str) else None


def note_signature(carrier: Json, dropped: list[str]) -> None:
    """Name the signature of a call, part or message that goes to a target without a word for it."""
    if "extra_content" in carrier and signature_of(carrier) is not None:
        dropped.append("messages.thought_signature")


def signed(signature: str) -> Json:
    """The member by which it is carried in the open."""
    return {"extra_content": {"google": {"thought_signature": signature}}}


def unpack_request(unified: Json) -> Json:
    """The request with every id as its provider knows it, and the signatures beside their calls. The argument stays as it is."""
    return {**unified, "messages": [unpack_message(message) for message in unified["messages"]]}


def unpack_message(message: Any) -> Any:
    if not isinstance(message, dict):
        return message
    called, calls = message.get("tool_call_id"), message.get("tool_calls")
    if isinstance(called, str) and MARK in called:
        message = {**message, "tool_call_id": unpack_signature(called)[0]}
    if isinstance(calls, list):
        message = {**message, "tool_calls": [unpack_call(call) for call in calls]}
    return message


def unpack_call(call: Any) -> Any:
    if not isinstance(call, dict) or not isinstance(call.get("id"), str) or MARK not in call["id"]:
        return call
    called, signature = unpack_signature(call["id"])
    if signature is None or signature_of(call) is not None:
        return {**call, "id": called}
    return {**call, "id": called, **signed(signature)}
