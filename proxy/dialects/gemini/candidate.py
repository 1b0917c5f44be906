"""One candidate of an answer, part by part, as deltas of a unified message. Replies and streams are read alike.

Sources: https://ai.google.dev/api/generate-content#candidate, https://ai.google.dev/gemini-api/docs/thought-signatures.
"""

from __future__ import annotations

from typing import Any

from proxy.call import Json
from proxy.dialects.gemini.calls import text_of
from proxy.dialects.gemini.finish import EXTRAS, finish_of, refusal_of
from proxy.dialects.gemini.grounding import Ruler, annotations_of
from proxy.dialects.gemini.partial import OpenCall
from proxy.dialects.ids import made_up_id, pack_signature, signed
from proxy.dialects.shape import answered, broken


class Candidate:
    """What one candidate has said so far. `finished` is the reason it gave for ending."""

    __slots__ = ("answer", "begun", "calls", "extras", "finished", "index", "opened", "ruler")

    def __init__(self, index: int, answer: str) -> None:
        self.index = index
        self.answer = answer
        self.begun = False
        self.calls = 0
        self.opened: OpenCall | None = None
        self.extras: Json = {}
        self.finished: str | None = None
        self.ruler = Ruler()

    def take(self, part: Any) -> Json:
        """The delta that one part makes; {} when it says nothing."""
        part = answered(part, dict, "a part")
        if "functionCall" in part:
            return self._call(part)
        if "text" in part:
            return self._text(part)
        blob = part.get("inlineData")
        if isinstance(blob, dict) and str(blob.get("mimeType")).startswith("image/") and "thought" not in part:
            return self._image(part, blob)
        return self._own(part)

    def note(self, candidate: Json) -> None:
        """What a candidate says besides its parts. The latest word counts."""
        for name in EXTRAS:
            if name in candidate:
                self.extras[name] = candidate[name]
        reason = candidate.get("finishReason")
        if isinstance(reason, str) and reason and reason != "FINISH_REASON_UNSPECIFIED":
            self.finished = reason

    def finish(self) -> tuple[Json, Json]:
        """(the last delta, how it ended)."""
        if self.opened is not None:
            raise broken("the model ended in the middle of a function call")
        reason = self.finished or ""
        delta: Json = {}
        if notes := annotations_of(self.extras, self.ruler):
            delta["annotations"] = notes
        if refusal := refusal_of(reason, self.extras):
            delta["refusal"] = refusal
        return delta, finish_of(reason, self.calls > 0, self.extras)

    def _text(self, part: Json) -> Json:
        words, signature = answered(part["text"], str, "a text"), signature_in(part)
        if part.get("thought") is True:
            said: Json = {"reasoning_content": words} if words else {}
            return said if signature is None else {**said, **self._own({**part, "text": ""})}
        self.ruler.add(words)
        said = {"content": words} if words else {}
        return said if signature is None else {**said, **signed(signature)}

    def _call(self, part: Json) -> Json:
        call = answered(part["functionCall"], dict, "a function call")
        if self.opened is not None:
            self.opened.add(call)
        elif call.get("willContinue") is True or "partialArgs" in call:
            self.opened = OpenCall(part)
            self.opened.add(call)
        else:
            return self._whole(part, call)
        if call.get("willContinue") is True:
            return {}
        part, self.opened = self.opened.whole(), None
        return self._whole(part, part["functionCall"])

    def _whole(self, part: Json, call: Json) -> Json:
        """A call. Its signature travels in its id as well, for most applications keep no more of a call."""
        name = answered(call.get("name"), str, "a function's name")
        arguments = text_of(answered(call.get("args") or {}, dict, "a call's args"), "")
        given, signature = call.get("id"), signature_in(part)
        called = given if isinstance(given, str) and given else made_up_id(self.answer, self.index, self.calls, name)
        said: Json = {
            "index": self.calls,
            "id": called,
            "type": "function",
            "function": {"name": name, "arguments": arguments},
        }
        if signature is not None:
            said |= {"id": pack_signature(called, signature), **signed(signature)}
        self.calls += 1
        return {"tool_calls": [said]}

    def _image(self, part: Json, blob: Json) -> Json:
        data = answered(blob.get("data"), str, "an image's data")
        image: Json = {"type": "image_url", "image_url": {"url": f"data:{blob['mimeType']};base64,{data}"}}
        signature = signature_in(part)
        return {"images": [image if signature is None else {**image, **signed(signature)}]}

    def _own(self, part: Json) -> Json:
        place = {"at": self.ruler.length, "calls": self.calls} if self.calls else {"at": self.ruler.length}
        return {"provider_blocks": [{**place, "block": part, "dialect": "gemini"}]}


def signature_in(part: Json) -> str | None:
    signature = part.get("thoughtSignature")
    return signature if isinstance(signature, str) and signature else None
