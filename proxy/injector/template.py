"""The injection template: the one JSON document that says what is injected. Here is what it must look like, and where a copy is.

The chart renders it; the webhook, the policy and `outrider inject` read it. A fault names the member that is wrong, so that no
half-rendered template ever reaches a pod. What is done with the members is patch.py's.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib import resources
from typing import Any

from proxy.injector.overlay import laid
from proxy.injector.shape import container_fault

VERSION = "outrider.dev/v1"
NATIVE = ("auto", "always", "never")
MODES = ("ifAbsent", "override", "off")
CHOICES: Mapping[str, tuple[str, ...]] = {"native": NATIVE, "env.mode": MODES, "env.noProxy": ("auto", "off")}
#: Member -> its type.
MEMBERS: Mapping[str, type] = {
    "chart": str,
    "domain": str,
    "native": str,
    "port": int,
    "opsPort": int,
    "config": str,
    "keysSecret": str,
    "allowImageOverride": bool,
    "container": dict,
    "classic": dict,
    "volumes": list,
    "imagePullSecrets": list,
    "overlay": dict,
    "excludedNamespaces": list,
    "env": dict,
    "env.mode": str,
    "env.containers": list,
    "env.skipContainers": list,
    "env.initContainers": bool,
    "env.noProxy": str,
    "env.providers": list,
    "env.variables": dict,
    "container.name": str,
    "container.image": str,
    "container.env": list,
    "container.ports": list,
    "classic.container": dict,
    "classic.preStopSeconds": int,
}
WORDS = {str: "a string", int: "a whole number", bool: "true or false", list: "a list", dict: "a mapping"}


class TemplateError(ValueError):
    """A template that cannot be used: the message names the member, what it is, and what is allowed."""


def packaged() -> dict[str, Any]:
    """The chart's default render, as it was when this was built."""
    return parse(resources.files("proxy.injector").joinpath("template.json").read_text("utf-8"))


def parse(text: str | bytes) -> dict[str, Any]:
    """A template from JSON. Raises TemplateError."""
    try:
        return checked(json.loads(text))
    except (ValueError, RecursionError) as error:
        if isinstance(error, TemplateError):
            raise
        raise TemplateError("the template is not valid JSON") from None


def checked(template: Any) -> dict[str, Any]:
    """The template itself. Raises TemplateError for one of another version, or with a member that is not what it must be."""
    if not isinstance(template, dict) or template.get("apiVersion") != VERSION:
        found = template.get("apiVersion") if isinstance(template, dict) else None
        raise TemplateError(f"apiVersion is {found!r}; this injector reads templates of {VERSION}")
    for path, kind in MEMBERS.items():
        _check(template, path, kind)
    for path, allowed in CHOICES.items():
        if _at(template, path) not in allowed:
            raise TemplateError(f"{path} is {_at(template, path)!r}; allowed: {', '.join(allowed)}")
    _check_items(template)
    _check_containers(template)
    _check_variables(template["env"]["variables"], template["env"]["providers"])
    return template


def _at(template: Mapping[str, Any], path: str) -> Any:
    section, _, name = path.rpartition(".")
    return (template.get(section) or {} if section else template).get(name)


def _check(template: Mapping[str, Any], path: str, kind: type) -> None:
    if type(_at(template, path)) is not kind:
        raise TemplateError(f"{path} must be {WORDS[kind]}")


def _check_items(template: Mapping[str, Any]) -> None:
    """Items of lists: those of pods have names, the others are texts."""
    for path in ("volumes", "imagePullSecrets", "container.env", "container.ports"):
        if not all(isinstance(item, dict) and isinstance(item.get("name"), str) for item in _at(template, path)):
            raise TemplateError(f"{path} must be a list of mappings with a name")
    for path in ("excludedNamespaces", "env.containers", "env.skipContainers", "env.providers"):
        if not all(isinstance(item, str) for item in _at(template, path)):
            raise TemplateError(f"{path} must be a list of strings")
    for path in ("port", "opsPort"):
        if not 0 < template[path] < 65536:
            raise TemplateError(f"{path} is {template[path]}; allowed: a port, 1 to 65535")
    if template["port"] == template["opsPort"]:
        raise TemplateError(f"opsPort is {template['opsPort']}, which is the port too; they must differ")


def _check_containers(template: Mapping[str, Any]) -> None:
    """What is laid over the container must leave one."""
    container, classic = template["container"], template["classic"]["container"]
    faults = (
        container_fault(container, "container"),
        container_fault(laid({"name": "", "ports": []}, classic), "classic.container"),
        container_fault(laid(container, template["overlay"]), "container with overlay"),
    )
    fault = next(filter(None, faults), None)
    if fault is not None:
        raise TemplateError(fault)


def _check_variables(variables: Mapping[str, Any], providers: list[str]) -> None:
    for provider, rows in variables.items():
        for row in rows if isinstance(rows, list) else [None]:
            texts = row if isinstance(row, dict) else {}
            if not (isinstance(texts.get("name"), str) and isinstance(texts.get("value"), str) and texts["value"]):
                raise TemplateError(f"env.variables.{provider} must be a list of mappings with a name and a value")
            unless = texts.get("unless") or []
            if not isinstance(unless, list) or not all(isinstance(name, str) for name in unless):
                raise TemplateError(f"env.variables.{provider}: unless must be a list of names")
    for provider in providers:
        if provider not in variables:
            raise TemplateError(f"env.providers has {provider!r}; allowed: {', '.join(sorted(variables))}")
