"""A configuration is taken over whole or not at all, and what came of it is said."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from proxy.config import Config, ConfigError, fingerprint
from proxy.reload import Reloads
from proxy.source import Source
from tests.promises.caller import until

GOOD = "drain: {grace: 1}"
BETTER = "drain: {grace: 2}"
BAD = "drain: {grace: x}\nunsupported: maybe"


class Running:
    """What holds a configuration."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.adopted: list[float] = []
        self.full = False

    def adopt(self, config: Config) -> None:
        if self.full:
            raise ConfigError("", "too many", "fewer")
        self.config = config
        self.adopted.append(config.drain.grace)


class Counting(Source):
    """A source that knows how often it was looked at."""

    looks = 0

    def changed(self) -> bool:
        self.looks += 1
        return super().changed()


def write(path: Path, text: str) -> None:
    path.write_text(text, "utf-8")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "config.yaml"
    write(path, GOOD)
    return path


def reloads(path: Path) -> tuple[Reloads, Running]:
    source = Counting(str(path), {})
    running = Running(source.load())
    return Reloads(source, lambda: fingerprint(running.config), running.adopt, lambda: 1.7e9, every=0.01), running


async def test_what_has_changed_is_taken_over(path: Path) -> None:
    found, running = reloads(path)
    write(path, BETTER)
    assert await found.now() == {"reloaded": True, "faults": [], "config_fingerprint": fingerprint(running.config)}
    assert (running.adopted, found.made, found.refused, found.last) == ([2.0], 1, 0, 1.7e9)


async def test_what_has_not_changed_is_left_alone(path: Path) -> None:
    found, running = reloads(path)
    answer = await found.now()
    assert (answer["reloaded"], answer["faults"], running.adopted, found.made) == (False, [], [], 0)


async def test_a_fault_changes_nothing_and_every_one_is_told(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    found, running = reloads(path)
    before = running.config
    write(path, BAD)
    answer = await found.now()
    assert (answer["reloaded"], len(answer["faults"])) == (False, 2)
    assert "drain.grace is 'x'" in " ".join(answer["faults"])
    assert running.config is before
    assert (found.made, found.refused, found.faults) == (0, 1, answer["faults"])
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    write(path, BETTER)
    assert (await found.now())["faults"] == []
    assert found.faults == []


async def test_who_cannot_take_it_over_says_why(path: Path) -> None:
    found, running = reloads(path)
    running.full = True
    write(path, BETTER)
    answer = await found.now()
    assert (answer["reloaded"], "too many" in answer["faults"][0]) == (False, True)


async def test_without_a_file_there_is_nothing_to_reload() -> None:
    found = Reloads(None, lambda: "abc", lambda config: None, lambda: 0.0)
    found.start()
    answer = await found.now()
    assert answer == {
        "reloaded": False,
        "faults": ["there is no configuration file to read anew"],
        "config_fingerprint": "abc",
    }
    await found.close()


async def test_a_file_that_changes_is_noticed(path: Path) -> None:
    found, running = reloads(path)
    found.start()
    other = path.with_suffix(".new")
    other.write_text(BETTER, "utf-8")
    os.replace(other, path)
    await until(lambda: running.adopted == [2.0])
    await found.close()


async def test_a_mounted_configmap_that_is_swapped_is_noticed(tmp_path: Path) -> None:
    """As kubelet does it: the file is a link through `..data`, which is replaced."""
    for name, text in (("one", GOOD), ("two", BETTER)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.yaml").write_text(text, "utf-8")
    (tmp_path / "..data").symlink_to("one")
    path = tmp_path / "config.yaml"
    path.symlink_to("..data/config.yaml")
    found, running = reloads(path)
    found.start()
    (tmp_path / "..new").symlink_to("two")
    os.replace(tmp_path / "..new", tmp_path / "..data")
    await until(lambda: running.adopted == [2.0])
    await found.close()


async def test_who_asks_while_it_is_read_gets_what_came_of_it(path: Path) -> None:
    found, running = reloads(path)
    write(path, BETTER)
    found.soon()
    found.soon()
    first, second = await asyncio.gather(found.now(), found.now())
    assert running.adopted == [2.0]
    assert first["config_fingerprint"] == second["config_fingerprint"] == fingerprint(running.config)
    await found.close()


async def test_what_has_gone_is_told_once_and_the_old_one_goes_on(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    found, running = reloads(path)
    before = running.config
    found.start()
    os.unlink(path)
    await until(lambda: found.refused == 1)
    assert (found.failed, running.config is before) == (True, True)
    source = found._source
    assert isinstance(source, Counting)
    looks = source.looks
    await until(lambda: source.looks > looks + 2)
    assert (found.refused, len(caplog.records)) == (1, 1)
    write(path, GOOD)
    await until(lambda: not found.failed)
    assert (found.made, running.config is before) == (0, True)
    await found.close()


async def test_a_fault_of_our_own_is_told_and_ends_no_watching(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    found, running = reloads(path)
    adopt, found._adopt = found._adopt, broken
    found.start()
    write(path, BETTER)
    await until(lambda: found.refused == 1)
    assert (found.failed, running.adopted) == (True, [])
    [record] = caplog.records
    assert (record.levelname, record.exc_info is not None) == ("ERROR", True)
    found._adopt = adopt
    write(path, "drain: {grace: 3}")
    await until(lambda: running.adopted == [3.0])
    assert not found.failed
    await found.close()


def broken(config: Config) -> None:
    raise RuntimeError("broken")
