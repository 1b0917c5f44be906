"""Admissions from body to answer: what is answered, counted, logged and told, and what never is."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

import pytest

from proxy.injector import admission as subject
from proxy.injector.admission import LONGEST_REASON, LONGEST_WARNING, Admission, Sources, verdict_of
from proxy.injector.metrics import Metrics
from proxy.injector.patch import Answer, Around, patch
from tests.injector.reviews import CANARY, TEMPLATE, pod, response, review


class World:
    """What an admission reads and tells."""

    def __init__(self, allow_on_error: bool = False) -> None:
        self.notes: Mapping[str, str] | None = {}
        self.told: list[tuple[str, str, str]] = []
        self.metrics = Metrics()
        sources = Sources(lambda: TEMPLATE, lambda: (1, 36), self.annotations, self.tell)
        self.admission = Admission(sources, self.metrics, allow_on_error)

    async def annotations(self, namespace: str) -> Mapping[str, str] | None:
        assert namespace == "shop"
        return self.notes

    def tell(self, namespace: str, told: Mapping[str, Any], result: str, note: str) -> None:
        self.told.append((namespace, result, note))

    async def answer(self, body: bytes) -> dict[str, Any]:
        status, content = await self.admission.answer(body)
        await asyncio.sleep(0)
        assert status == 200
        return response(content)


async def test_a_pod_is_patched_counted_and_told() -> None:
    world = World()
    found = await world.answer(review(pod()))
    assert (found["uid"], found["allowed"], found["patchType"]) == ("u-1", True, "JSONPatch")
    assert any(each["path"].startswith("/spec/initContainers") for each in found["patch"])
    assert found["auditAnnotations"]["result"] == "injected"
    assert all("/" not in key for key in found["auditAnnotations"]), "the API server puts the webhook's name before it"
    assert world.told == [("shop", "injected", "the sidecar was injected")]
    assert world.metrics.read("admissions_total", "injected") == 1
    assert b"admission_duration_seconds_count 1\n" in world.metrics.render()


async def test_annotations_of_the_namespace_are_defaults() -> None:
    world = World()
    world.notes = {"outrider.dev/port": "12345"}
    found = await world.answer(review(pod()))
    assert "http://127.0.0.1:12345" in str(found["patch"])
    assert "warnings" not in found


async def test_annotations_that_cannot_be_read_are_a_warning_and_no_more() -> None:
    world = World()
    world.notes = None
    found = await world.answer(review(pod()))
    assert found["allowed"]
    assert [each for each in found["warnings"] if "namespace could not be read" in each]
    assert all(len(each) <= LONGEST_WARNING for each in found["warnings"])


async def test_a_refusal_names_key_value_and_what_is_allowed() -> None:
    world = World()
    found = await world.answer(review(pod({"outrider.dev/port": "99999"})))
    assert not found["allowed"]
    assert "patch" not in found
    assert (found["status"]["code"], found["status"]["reason"]) == (422, "Invalid")
    assert all(each in found["status"]["message"] for each in ("outrider.dev/port", "99999", "65535"))
    assert world.told[0][1] == "refused"


async def test_what_is_skipped_says_why() -> None:
    world = World()
    found = await world.answer(review(pod(hostNetwork=True)))
    assert found["allowed"]
    assert "patch" not in found
    assert "hostNetwork" in found["auditAnnotations"]["reason"]
    assert world.told[0][1] == "skipped"
    found = await world.answer(review(None, operation="DELETE"))
    assert found == {
        "uid": "u-1",
        "allowed": True,
        "auditAnnotations": {"result": "skipped", "reason": "not a creation"},
    }


async def test_a_dry_run_is_answered_the_same_and_tells_nobody() -> None:
    world = World()
    dry, wet = [await world.answer(review(pod(), dryRun=each)) for each in (True, False)]
    assert dry == wet
    assert len(world.told) == 1


async def test_an_injected_pod_is_left_as_it_is() -> None:
    world = World()
    whole = pod()
    after = patch(whole, TEMPLATE, Around("shop", {}, (1, 36))).pod
    found = await world.answer(review(after))
    assert "patch" not in found
    assert world.metrics.read("admissions_total", "unchanged") == 1
    assert world.told == [("shop", "unchanged", world.told[0][2])]


def broken(*given: object) -> Answer:
    raise RuntimeError(f"met {CANARY}")


@pytest.mark.parametrize("allow", [True, False])
async def test_an_internal_error_is_answered_as_the_flag_says(
    allow: bool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(subject, "patch", broken)
    world = World(allow)
    found = await world.answer(review(pod()))
    assert found["allowed"] is allow
    assert "patch" not in found
    assert (found["warnings"][0] if allow else found["status"]["message"]).startswith("outrider could not inject")
    assert allow or found["status"]["code"] == 500
    assert CANARY not in str(found)
    assert world.metrics.read("admissions_total", "failed") == 1
    assert [each.exc_info for each in caplog.records if each.levelno == logging.ERROR]


@pytest.mark.parametrize("allow", [True, False])
async def test_whoever_asks_may_say_it(allow: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "patch", broken)
    _, content = await World(not allow).admission.answer(review(pod()), allow)
    assert response(content)["allowed"] is allow


async def test_an_answer_that_cannot_be_rendered_is_an_internal_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "patch", lambda *given: Answer({}, [{"op": "add", "value": object()}]))
    assert (await World().answer(review(pod())))["status"]["code"] == 500


async def test_a_teller_that_breaks_spoils_no_answer() -> None:
    world = World()
    raised: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: raised.append(context["exception"]))

    def teller(*told: object) -> None:
        raise ZeroDivisionError

    sources = Sources(lambda: TEMPLATE, lambda: (1, 36), world.annotations, teller)
    world.admission = Admission(sources, world.metrics, False)
    assert (await world.answer(review(pod())))["allowed"]
    assert isinstance(raised[0], ZeroDivisionError)


async def test_a_malformed_review_is_400_and_counted() -> None:
    world = World()
    status, content = await world.admission.answer(b"{}")
    assert status == 400
    assert b"apiVersion" in content
    assert world.metrics.read("admissions_total", "malformed") == 1


async def test_no_value_of_a_pod_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    world = World()
    for each in (pod(), pod(hostNetwork=True), {"spec": CANARY}, {"metadata": CANARY}, {"metadata": {"name": [1]}}):
        await world.answer(review(each))
    assert CANARY not in str([vars(record) for record in caplog.records])


def test_warnings_are_cut_to_what_kubectl_shows() -> None:
    assert len(verdict_of(Answer({}, warnings=("x" * 500,))).warnings[0]) == LONGEST_WARNING


async def test_a_long_reason_is_cut_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    await World().answer(review(pod({f"outrider.dev/{number}{'x' * 50}": "" for number in range(100)})))
    assert len(vars(caplog.records[-1])["reason"]) == LONGEST_REASON
