"""One admission from body to answer: read, patch, answer, and tell of it. The narrow place between the webhook and patch.py.

It knows no HTTP and no Kubernetes API. What the patch cannot do for a reason of its own is answered as the flag says, never
by accident; what it did is counted, logged without any value of the pod, and told as an event, of a dry run excepted.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

from proxy.injector.metrics import Metrics
from proxy.injector.patch import Answer, Around, patch
from proxy.injector.review import Malformed, Review, Verdict, parse_review, render_answer

log = logging.getLogger(__name__)

#: characters; `kubectl` shows warnings in one line
LONGEST_WARNING = 120
#: characters of a line of the log
LONGEST_REASON = 1000
FAILED = "outrider could not inject its sidecar: an internal error, see the injector's log"
UNREAD = "outrider: the annotations of the namespace could not be read and were left out of account"


class Sources(NamedTuple):
    """Called per admission. template: the one in use. version: of the API server, None where it is not known.
    annotations: of a namespace, None where they are not known. tell: namespace, pod, result and note of what was done."""

    template: Callable[[], Mapping[str, Any]]
    version: Callable[[], tuple[int, int] | None]
    annotations: Callable[[str], Awaitable[Mapping[str, str] | None]]
    tell: Callable[[str, Mapping[str, Any], str, str], None]


class Admission:
    """allow_on_error: whether an internal error lets a pod pass, where nothing else is said."""

    def __init__(self, sources: Sources, metrics: Metrics, allow_on_error: bool) -> None:
        self._sources = sources
        self._metrics = metrics
        self._allow_on_error = allow_on_error

    async def answer(self, body: bytes, allow: bool | None = None) -> tuple[int, bytes]:
        """A status and what is answered: an AdmissionReview with 200, else an error in words.

        allow: whether an internal error lets the pod pass, where whoever asks has said so.
        """
        began = time.perf_counter()
        try:
            review = parse_review(body)
        except Malformed as error:
            self._metrics.count("admissions_total", "malformed")
            log.warning("a review was malformed: %s", error)
            return 400, b'{"error": "no AdmissionReview of admission.k8s.io/v1: ' + str(error).encode() + b'"}'
        verdict, content = await self._judged(review, self._allow_on_error if allow is None else allow)
        duration = time.perf_counter() - began
        self._metrics.count("admissions_total", verdict.result)
        self._metrics.observe(duration)
        # After the answer, so that nothing that is only told can delay or spoil it.
        asyncio.get_running_loop().call_soon(self._tell, review, verdict, duration)
        return 200, content

    async def _judged(self, review: Review, allow: bool) -> tuple[Verdict, bytes]:
        try:
            verdict = await self._judge(review)
            return verdict, render_answer(review.uid, verdict)
        except Exception:
            log.exception("a pod could not be patched", extra={"namespace": review.namespace, "uid": review.uid})
        verdict = failed(allow)
        return verdict, render_answer(review.uid, verdict)

    async def _judge(self, review: Review) -> Verdict:
        if review.skip:
            return Verdict(True, "skipped", message=review.skip, audit={"result": "skipped", "reason": review.skip})
        annotations = await self._sources.annotations(review.namespace)
        around = Around(review.namespace, annotations or {}, self._sources.version())
        verdict = verdict_of(patch(review.pod, self._sources.template(), around))
        unread = annotations is None and verdict.result in ("injected", "refused")
        return verdict._replace(warnings=(*verdict.warnings, UNREAD)) if unread else verdict

    def _tell(self, review: Review, verdict: Verdict, duration: float) -> None:
        level = logging.INFO if verdict.allowed and verdict.result != "failed" else logging.WARNING
        fields = {
            "namespace": review.namespace,
            "pod": name_of(review.pod),
            "result": verdict.result,
            "reason": verdict.message[:LONGEST_REASON] or None,
            "dry_run": review.dry_run,
            "duration_ms": round(duration * 1000, 3),
        }
        log.log(level, "a pod was looked at", extra=fields)
        if not review.dry_run:
            self._sources.tell(review.namespace, review.pod, verdict.result, note_of(verdict))


def verdict_of(answer: Answer) -> Verdict:
    warnings = tuple(each[:LONGEST_WARNING] for each in answer.warnings)
    if answer.refusal is not None:
        code, reason, message = answer.refusal
        return Verdict(False, "refused", (), warnings, code, reason, message, dict(answer.audit))
    if answer.skipped:
        return Verdict(True, "skipped", (), warnings, message=answer.skipped, audit=dict(answer.audit))
    result = "injected" if answer.operations else "unchanged"
    return Verdict(True, result, answer.operations, warnings, audit=dict(answer.audit))


def failed(allow: bool) -> Verdict:
    if allow:
        return Verdict(True, "failed", (), (FAILED[:LONGEST_WARNING],), audit={"result": "failed"})
    return Verdict(False, "failed", (), (), 500, "InternalError", FAILED, {"result": "failed"})


def note_of(verdict: Verdict) -> str:
    if verdict.result == "injected":
        return "the sidecar was injected"
    return verdict.message or FAILED


def name_of(pod: Mapping[str, Any]) -> str:
    metadata = pod.get("metadata")
    found = metadata if isinstance(metadata, dict) else {}
    return str(found.get("name") or found.get("generateName") or "")[:253]
