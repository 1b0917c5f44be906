"""From a call that was followed to the bytes of its spans: what its attributes are, and that no secret is among them.

Every text that came from outside is looked through. What a provider says of a request may quote it, so that a failure is told in
words of ours unless prompts are told too.
"""

from __future__ import annotations

from collections.abc import Callable

from proxy.advice import ADVICE
from proxy.call import Call, Usage
from proxy.tracing.attributes import attempt_attributes, call_attributes, kind_of, name_of
from proxy.tracing.content import input_messages
from proxy.tracing.otlp import CLIENT, SERVER, SpanData, Value, render_span
from proxy.tracing.span import Span, Trace

LONGEST_DETAIL = 500


class Teller:
    """`clean` takes secrets out of bytes. `content`: how many characters of a prompt are told, 0 for none of it.

    `scrub` takes out of what a call says what belongs to a person.
    """

    def __init__(
        self, clean: Callable[[bytes], bytes], content: int = 0, scrub: Callable[[str], str] | None = None
    ) -> None:
        self._clean = clean
        self._content = content
        self._scrub = scrub

    def call(self, call: Call, trace: Trace, ended: float, status: int, detail: str, usage: Usage | None) -> bytes:
        """The span of the call itself. `trace.kind` says how it ended, `status` what the application saw."""
        kind, parent = trace.kind, trace.parent
        attributes = call_attributes(call, trace.told, kind, status, usage)
        if self._content and (prompt := input_messages(call.json, self._content, self._private)) is not None:
            attributes["gen_ai.input.messages"] = prompt
        span = SpanData(
            trace.id,
            trace.root_id,
            "" if parent is None else parent.span_id,
            parent is not None,
            trace.state,
            name_of(call, "" if kind == "model_not_found" else call.model),
            SERVER,
            trace.began + trace.epoch,
            ended + trace.epoch,
            attributes,
            None if kind is None else self._error(kind, detail),
        )
        return render_span(self._safe(span, attributes))

    def attempt(self, call: Call, attempt: Span) -> bytes:
        """The span of an attempt that has ended. `call` is the one that is followed, or what stands for it."""
        target, end, trace = attempt.target, attempt.end, attempt.trace
        assert target is not None
        assert end is not None
        kind = kind_of(attempt, trace.kind)
        attributes = attempt_attributes(call, attempt, trace.kind)
        span = SpanData(
            trace.id,
            attempt.id,
            trace.root_id,
            False,
            trace.state,
            name_of(call, target.model),
            CLIENT,
            attempt.began + trace.epoch,
            end.at + trace.epoch,
            attributes,
            None if kind is None else self._error(kind, end.detail),
        )
        return render_span(self._safe(span, attributes))

    def _error(self, kind: str, detail: str) -> str:
        return self._private(detail)[:LONGEST_DETAIL] if self._content and detail else ADVICE[kind].meaning

    # ---- secrets

    def _safe(self, span: SpanData, attributes: dict[str, Value]) -> SpanData:
        """Looked through all at once, for there is hardly ever anything to take out."""
        texts = [span.name, span.state]
        for value in attributes.values():
            if type(value) is str:
                texts.append(value)
            elif type(value) is tuple:
                texts += value
        joined = "\n".join(texts).encode("utf-8", "replace")
        if self._clean(joined) == joined:
            return span
        cleaned = {name: self._cleaned_value(value) for name, value in attributes.items()}
        return span._replace(attributes=cleaned, name=self._cleaned(span.name), state=self._cleaned(span.state))

    def _cleaned_value(self, value: Value) -> Value:
        if isinstance(value, tuple):
            return tuple(map(self._cleaned, value))
        return self._cleaned(value) if isinstance(value, str) else value

    def _private(self, text: str) -> str:
        cleaned = self._cleaned(text)
        return cleaned if self._scrub is None else self._scrub(cleaned)

    def _cleaned(self, text: str) -> str:
        return self._clean(text.encode("utf-8", "replace")).decode("utf-8", "replace")
