"""What is done to pods: golden cases, one whole pod, and what holds for every pod and for anything that is none."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.injector.patch import Answer, Around, patch
from proxy.injector.rules import LONGEST_WARNING
from proxy.injector.status import mark
from proxy.injector.template import packaged
from tests.injector.golden import Case, at, read_cases, status_of
from tests.injector.json_patch import applied
from tests.injector.pods import JSON, PODS

TEMPLATE = packaged()
SERVERS = st.sampled_from([None, (1, 28), (1, 30), (1, 31), (1, 33)])
OFTEN = settings(max_examples=200, deadline=None)


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


@pytest.mark.parametrize("case", read_cases(), ids=lambda case: case.name)
def test_golden(case: Case) -> None:
    answer = patch(case.pod, case.template, case.around)
    expect = dict(case.expect)
    check_verdict(answer, expect.pop("refused", None), expect.pop("skipped", None))
    warnings = expect.pop("warnings", [])
    assert len(warnings) == len(answer.warnings), answer.warnings
    assert all(words in warning for words, warning in zip(warnings, answer.warnings, strict=True)), answer.warnings
    for path, value in expect.pop("at", {}).items():
        assert at(answer.pod, path) == value, path
    for member in ("labels", "annotations"):
        found = expect.pop(member, {})
        assert found.items() <= (answer.pod["metadata"].get(member) or {}).items()
    said = expect.pop("status", {})
    assert said == {name: status_of(answer.pod)[name] for name in said}
    assert not expect, f"nobody looks at {expect}"


def check_verdict(answer: Answer, refused: Any, skipped: str | None) -> None:
    if refused is not None:
        assert answer.refusal is not None
        assert all(words in answer.refusal.message for words in as_list(refused)), answer.refusal.message
        assert (answer.allowed, answer.refusal.code, answer.refusal.reason) == (False, 422, "Invalid")
    else:
        assert answer.refusal is None
        assert answer.skipped == skipped
    if refused or skipped:
        assert answer.operations == ()


@pytest.mark.parametrize("case", [case for case in read_cases() if "at" in case.expect], ids=lambda case: case.name)
def test_golden_twice_is_the_same_and_the_operations_lead_there(case: Case) -> None:
    before = deepcopy(case.pod)
    answer = patch(case.pod, case.template, case.around)
    assert case.pod == before
    assert applied(case.pod, answer.operations) == answer.pod
    again = patch(answer.pod, case.template, case.around)
    assert (again.operations, again.refusal, again.skipped) == ([], None, None)


def test_there_are_enough_cases() -> None:
    assert len(read_cases()) > 80
    assert len({json.dumps([case.pod, case.template, case.around]) for case in read_cases()}) > 80


def test_a_whole_pod() -> None:
    """Everything that is in the result, member by member."""
    pod = {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "app", "image": "a"}]}}
    answer = patch(pod, TEMPLATE, Around(annotations={"outrider.dev/providers": "groq"}))
    env = [
        {"name": "GROQ_BASE_URL", "value": "http://127.0.0.1:11411"},
        {"name": "GROQ_API_KEY", "value": "sidecar-managed"},
    ]
    container = deepcopy(TEMPLATE["container"])
    container["env"].append({"name": "POD_WORKLOAD", "value": "p"})
    status = (
        f'{{"container":"{mark(container)}",'
        '"env":{"app":["GROQ_BASE_URL","GROQ_API_KEY"]},"mode":"webhook","native":true,"opsPort":11412,"port":11411,'
        '"providers":["groq"],"version":"outrider-0.1.0","volumes":["outrider-config","outrider-keys","outrider-noapi"]}'
    )
    assert answer.pod == {
        "metadata": {
            "name": "p",
            "labels": {"outrider.dev/injected": "true"},
            "annotations": {"outrider.dev/status": status},
        },
        "spec": {
            "containers": [{"name": "app", "image": "a", "env": env}],
            "initContainers": [container],
            "volumes": TEMPLATE["volumes"],
        },
    }
    assert answer.audit == {"result": "injected"}


@OFTEN
@given(PODS, SERVERS)
def test_any_pod(pod: dict[str, Any], server: tuple[int, int] | None) -> None:
    """The operations lead to the pod that is told; the input stays; twice gives the same, at once and from the text."""
    before, around = deepcopy(pod), Around(server=server)
    answer = patch(pod, TEMPLATE, around)
    assert pod == before
    assert answer.refusal is None, answer.refusal
    assert answer.skipped is None
    assert applied(pod, answer.operations) == answer.pod
    assert patch(answer.pod, TEMPLATE, around).operations == []
    stored = json.loads(json.dumps(answer.pod))
    assert patch(stored, TEMPLATE, around).operations == []
    assert all(len(warning) <= LONGEST_WARNING for warning in answer.warnings)


@OFTEN
@given(PODS)
def test_what_is_not_ours_stays(pod: dict[str, Any]) -> None:
    after = patch(pod, TEMPLATE).pod
    for name, value in pod.items():
        assert name in ("metadata", "spec") or after[name] == value
    ours = {"containers", "initContainers", "volumes", "terminationGracePeriodSeconds"}
    for name, value in pod["spec"].items():
        assert name in ours or after["spec"][name] == value
    for group in ("containers", "initContainers"):
        left = [each for each in pod["spec"].get(group) or [] if each["name"] != "outrider"]
        right = [each for each in after["spec"].get(group) or [] if each["name"] != "outrider"]
        assert [without_env(each) for each in left] == [without_env(each) for each in right]


def without_env(container: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in container.items() if name != "env"}


@OFTEN
@given(PODS, PODS)
def test_a_container_that_came_in_between_gets_variables_too(pod: dict[str, Any], other: dict[str, Any]) -> None:
    """Another webhook adds containers after ours, and the API server asks again."""
    once = patch(pod, TEMPLATE).pod
    added = [
        {**each, "name": f"late-{each['name']}"} for each in other["spec"]["containers"] if each["name"] != "outrider"
    ]
    between = {**once, "spec": {**once["spec"], "containers": [*once["spec"]["containers"], *added]}}
    at_once = {**pod, "spec": {**pod["spec"], "containers": [*pod["spec"]["containers"], *added]}}
    again, direct = patch(between, TEMPLATE).pod, patch(at_once, TEMPLATE).pod
    assert again["spec"] == direct["spec"]


@OFTEN
@given(JSON | st.fixed_dictionaries({"metadata": JSON, "spec": JSON | st.fixed_dictionaries({"containers": JSON})}))
def test_whatever_is_no_pod_is_answered(value: Any) -> None:
    before = deepcopy(value)
    answer = patch(value, TEMPLATE)
    assert value == before
    if answer.refusal is not None:
        assert answer.refusal.code in (400, 422)
        assert answer.refusal.message.startswith("outrider")


@OFTEN
@given(PODS, st.data())
def test_a_pod_with_something_broken_in_it_is_answered(pod: dict[str, Any], data: st.DataObject) -> None:
    broken = deepcopy(pod)
    target: Any = broken
    while isinstance(target, dict | list) and target:
        keys = list(target) if isinstance(target, dict) else list(range(len(target)))
        key = data.draw(st.sampled_from(keys))
        if not isinstance(target[key], dict | list) or data.draw(st.booleans()):
            target[key] = data.draw(JSON)
            break
        target = target[key]
    answer = patch(broken, TEMPLATE)
    assert applied(broken, answer.operations) == answer.pod


def test_a_refusal_says_where_the_pod_is_none() -> None:
    answer = patch({"spec": {"containers": [{"name": 1}]}}, TEMPLATE)
    message = "outrider cannot read this pod: spec.containers[0].name must be a string, not a whole number"
    assert answer.refusal == (400, "BadRequest", message)
    assert answer.audit == {"result": "refused", "reason": message}
    assert not answer.allowed


def test_the_audit_says_why_nothing_was_done() -> None:
    pod = {"spec": {"containers": [{"name": "app"}], "hostNetwork": True}}
    answer = patch(pod, TEMPLATE)
    assert answer.pod is pod
    assert answer.audit == {"result": "skipped", "reason": answer.skipped}


def test_deep_nesting_is_refused_or_left_alone() -> None:
    deep: Any = 1
    for _ in range(900):
        deep = {"a": deep}
    pod = {"spec": {"containers": [{"name": "app", "novelty": deep}]}, "novelty": deep}
    assert patch(pod, TEMPLATE).refusal is None
    own = {"name": "outrider", "image": "auto", "lifecycle": deep}
    refusal = patch({"spec": {"containers": [{"name": "app"}, own]}}, TEMPLATE).refusal
    assert refusal is not None
    assert "nested deeper than 20 levels" in refusal.message


def test_a_refusal_of_very_many_faults_tells_a_few() -> None:
    taken = [{"name": f"c{number}", "ports": [{"containerPort": 11411}]} for number in range(500)]
    refusal = patch({"spec": {"containers": taken}}, TEMPLATE).refusal
    assert refusal is not None
    assert "and 490 more" in refusal.message
    assert len(refusal.message) < 3000


@pytest.mark.parametrize(
    ("context", "root"), [({"runAsUser": 0}, True), ({"runAsUser": 1}, False), ({}, False), (None, False), (0, False)]
)
def test_a_pod_of_root(context: Any, root: bool) -> None:
    pod = {"spec": {"containers": [{"name": "app"}], "securityContext": context}}
    [ours] = patch(pod, TEMPLATE).pod["spec"]["initContainers"]
    assert ours["securityContext"].get("runAsUser") == (65532 if root else None)
