"""Volumes of ConfigMaps and Secrets look as kubelet writes them, and change as it changes them."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from tests.cluster.podsim.objects import DATA, Json, Missing, Objects, fill

CONFIG: Json = {"name": "c", "configMap": {"name": "settings"}}
SECRET: Json = {"name": "s", "secret": {"secretName": "keys", "optional": True, "defaultMode": 0o444}}


def shown(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir() if not path.name.startswith("..")}


def test_files_are_links_through_a_folder_that_is_swapped(tmp_path: Path) -> None:
    objects = Objects()
    objects.put("ConfigMap", "settings", {"a": "1", "b": "2"})
    fill(tmp_path, CONFIG, objects, {})
    first = os.readlink(tmp_path / DATA)
    held = (tmp_path / "a").open()
    objects.put("ConfigMap", "settings", {"a": "3", "c": "4"})
    fill(tmp_path, CONFIG, objects, {})
    assert os.readlink(tmp_path / "a") == "..data/a"
    assert os.readlink(tmp_path / DATA) != first
    assert shown(tmp_path) == {"a": "3", "c": "4"}
    assert not (tmp_path / first).exists()
    with held:
        assert held.read() == "1"


def test_what_has_not_changed_is_not_swapped(tmp_path: Path) -> None:
    objects = Objects()
    objects.put("ConfigMap", "settings", {"a": "1"})
    fill(tmp_path, CONFIG, objects, {})
    before = os.readlink(tmp_path / DATA)
    fill(tmp_path, CONFIG, objects, {})
    assert os.readlink(tmp_path / DATA) == before


def test_an_optional_object_that_is_missing_is_an_empty_folder(tmp_path: Path) -> None:
    objects = Objects()
    fill(tmp_path, SECRET, objects, {})
    assert shown(tmp_path) == {}
    objects.put("Secret", "keys", {"openai": "k"})
    fill(tmp_path, SECRET, objects, {})
    assert shown(tmp_path) == {"openai": "k"}
    assert stat.S_IMODE((tmp_path / "openai").stat().st_mode) == 0o444
    objects.delete("Secret", "keys")
    fill(tmp_path, SECRET, objects, {})
    assert shown(tmp_path) == {}


def test_one_that_is_not_optional_is_waited_for(tmp_path: Path) -> None:
    with pytest.raises(Missing, match='configmap "settings" not found'):
        fill(tmp_path, CONFIG, Objects(), {})


def test_a_projected_volume_has_a_token_and_what_the_pod_is_called(tmp_path: Path) -> None:
    names = {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": {"fieldPath": "metadata.namespace"}}]}}
    objects = Objects()
    objects.put("ConfigMap", "ca", {"ca.crt": "PEM"})
    authority = {"configMap": {"name": "ca", "items": [{"key": "ca.crt", "path": "ca.crt"}]}}
    token = {"serviceAccountToken": {"path": "token"}}
    volume = {"name": "v", "projected": {"sources": [token, authority, names], "defaultMode": 0o644}}
    fill(tmp_path, volume, objects, {"metadata.namespace": "shop"})
    assert set(shown(tmp_path)) == {"token", "ca.crt", "namespace"}
    assert shown(tmp_path)["namespace"] == "shop"


def test_what_is_not_simulated_is_said(tmp_path: Path) -> None:
    with pytest.raises(NotImplementedError, match=r"volume v: .*hostPath.* is not simulated"):
        fill(tmp_path, {"name": "v", "hostPath": {"path": "/"}}, Objects(), {})
