"""In which order it ends: what the configuration says, else what the pod's variables do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from proxy.config import ConfigError, load
from proxy.config.drain import Drain, Ending, ending


@pytest.mark.parametrize(
    ("drain", "environ", "found"),
    [
        ({}, {}, Ending(False, 25.0, 2.0, 5.0)),
        ({"grace": 3}, {"OUTRIDER_DRAIN": "native", "OUTRIDER_GRACE": "30"}, Ending(False, 3, 2.0, 5.0)),
        ({}, {"OUTRIDER_DRAIN": ""}, Ending(False, 25.0, 2.0, 5.0)),
        ({}, {"OUTRIDER_DRAIN": "classic"}, Ending(True, 25.0, 2.0, 5.0)),
        ({}, {"OUTRIDER_DRAIN": "classic", "OUTRIDER_GRACE": "30"}, Ending(True, 28.0, 2.0, 5.0)),
        ({"idle": 1, "minimum": 0}, {"OUTRIDER_DRAIN": "classic", "OUTRIDER_GRACE": "1"}, Ending(True, 0.0, 1, 0)),
        ({"mode": "native"}, {"OUTRIDER_DRAIN": "classic"}, Ending(False, 25.0, 2.0, 5.0)),
        ({"mode": "classic"}, {"OUTRIDER_GRACE": "10"}, Ending(True, 8.0, 2.0, 5.0)),
    ],
)
def test_what_holds(drain: dict[str, Any], environ: dict[str, str], found: Ending) -> None:
    assert ending(Drain(**drain), environ) == found


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({"OUTRIDER_DRAIN": "slow"}, "OUTRIDER_DRAIN is 'slow'; allowed: native, classic"),
        (
            {"OUTRIDER_DRAIN": "classic", "OUTRIDER_GRACE": "30s"},
            "OUTRIDER_GRACE is '30s'; allowed: seconds, 0 to 86400",
        ),
        ({"OUTRIDER_DRAIN": "classic", "OUTRIDER_GRACE": "-1"}, "OUTRIDER_GRACE is '-1'; allowed: seconds, 0 to 86400"),
        (
            {"OUTRIDER_DRAIN": "classic", "OUTRIDER_GRACE": "nan"},
            "OUTRIDER_GRACE is 'nan'; allowed: seconds, 0 to 86400",
        ),
    ],
)
def test_a_variable_that_says_nothing_is_a_fault_of_the_configuration(environ: dict[str, str], told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(None, environ)
    assert [str(fault) for fault in caught.value.every] == [told]


def test_the_section(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("drain: {mode: classic, idle: 0, minimum: 1.5}", "utf-8")
    assert load(str(path), {}).drain == Drain(mode="classic", idle=0, minimum=1.5)
    path.write_text("drain: {mode: quick, idle: -1}", "utf-8")
    with pytest.raises(ConfigError) as caught:
        load(str(path), {})
    assert [str(fault) for fault in caught.value.every] == [
        "drain.mode is 'quick'; allowed: auto, native, classic",
        "drain.idle is -1; allowed: seconds, 0 to 86400",
    ]
