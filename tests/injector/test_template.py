"""The template: the packaged one holds, and what is wrong with another is named."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given

from proxy.injector.template import MEMBERS, TemplateError, checked, packaged, parse
from tests.injector.pods import JSON


def broken(path: str, value: Any) -> dict[str, Any]:
    template = packaged()
    target = template
    *parents, last = path.split(".")
    for name in parents:
        target = target[name]
    target[last] = value
    return template


def test_the_packaged_one_holds() -> None:
    template = packaged()
    assert template["container"]["name"] == "outrider"
    assert template["container"]["restartPolicy"] == "Always"
    assert parse(json.dumps(template)) == template


@pytest.mark.parametrize("path", MEMBERS)
def test_every_member_is_looked_at(path: str) -> None:
    with pytest.raises(TemplateError, match=f"^{path} must be "):
        checked(broken(path, None))


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (
            "apiVersion",
            "outrider.dev/v2",
            "apiVersion is 'outrider.dev/v2'; this injector reads templates of outrider.dev/v1",
        ),
        ("native", "yes", "native is 'yes'; allowed: auto, always, never"),
        ("env.mode", "on", "env.mode is 'on'; allowed: ifAbsent, override, off"),
        ("env.noProxy", "", "env.noProxy is ''; allowed: auto, off"),
        ("port", 0, "port is 0; allowed: a port, 1 to 65535"),
        ("port", True, "port must be a whole number"),
        ("opsPort", 11411, "opsPort is 11411, which is the port too; they must differ"),
        ("volumes", [{}], "volumes must be a list of mappings with a name"),
        ("container.env", ["A"], "container.env must be a list of mappings with a name"),
        ("excludedNamespaces", [1], "excludedNamespaces must be a list of strings"),
        ("env.variables", {"x": 1}, "env.variables.x must be a list of mappings with a name and a value"),
        (
            "env.variables",
            {"x": [{"name": "A", "value": ""}]},
            "env.variables.x must be a list of mappings with a name and a value",
        ),
        (
            "env.variables",
            {"x": [{"name": "A", "value": "b", "unless": [1]}]},
            "env.variables.x: unless must be a list of names",
        ),
        ("env.providers", ["nobody"], "env.providers has 'nobody'; allowed: anthropic, azure"),
    ],
)
def test_faults(path: str, value: Any, words: str) -> None:
    with pytest.raises(TemplateError) as caught:
        checked(broken(path, value))
    assert str(caught.value).startswith(words)


@pytest.mark.parametrize("text", ["", "{", "nonsense", "[" * 99999, b"\xff"])
def test_what_is_no_json(text: str | bytes) -> None:
    with pytest.raises(TemplateError, match=r"^the template is not valid JSON$"):
        parse(text)


@given(JSON)
def test_any_json(value: Any) -> None:
    with pytest.raises(TemplateError):
        checked(value)


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("container.resources", [], "container.resources must be a mapping, not a list"),
        (
            "container.startupProbe",
            {"httpGet": 1},
            "container.startupProbe.httpGet must be a mapping, not a whole number",
        ),
        ("container.env", [{"name": "A", "value": 1}], "container.env[0].value must be a string"),
        ("overlay", {"env": [{"value": "x"}]}, "container with overlay.env[7].name is missing"),
        ("overlay", {"ports": None}, "container with overlay.ports is missing"),
        ("overlay", {"ports": [{"containerPort": 1}]}, "container with overlay.ports[1].name is missing"),
        ("overlay", {"resources": 5}, "container with overlay.resources must be a mapping"),
        ("classic.container", {"lifecycle": "x"}, "classic.container.lifecycle must be a mapping"),
        (
            "env.variables",
            {"x": [{"name": "A", "value": "b", "unless": 5}]},
            "env.variables.x: unless must be a list of names",
        ),
        (
            "env.variables",
            {"x": [{"name": "A", "value": "b", "unless": "AZ"}]},
            "env.variables.x: unless must be a list",
        ),
    ],
)
def test_a_container_that_could_not_be_made_is_refused_with_the_template(path: str, value: Any, words: str) -> None:
    """And not pod by pod, as an internal error."""
    with pytest.raises(TemplateError) as caught:
        checked(broken(path, value))
    assert str(caught.value).startswith(words)
