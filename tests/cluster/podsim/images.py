"""What stands for an image: its entrypoint, its user, and what of this machine its file system holds.

An application's image has the interpreter, the packages and the scripts of apps/, and nothing of the sidecar.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent.parent.parent
APPS = Path(__file__).parent / "apps"
#: Everything of an image besides: the programs of the machine, and Python where it is installed elsewhere.
SYSTEM = ("/usr",)


class Image(NamedTuple):
    """holds: path in the image -> path here. uid: the user of the image, numeric."""

    entrypoint: list[str]
    uid: int
    holds: dict[str, Path]


def _python() -> dict[str, Path]:
    base = Path(sys.base_prefix)
    held = {sys.prefix: Path(sys.prefix)}
    return held if base.is_relative_to("/usr") else {**held, str(base): base}


OUTRIDER = Image([sys.executable, "-P", "-m", "proxy"], 65532, {**_python(), str(ROOT / "proxy"): ROOT / "proxy"})
APPLICATION = Image([sys.executable], 1000, {**_python(), "/app": APPS})


def image(name: str) -> Image:
    """By the last part of its name: `outrider`, or an application. `image: ghcr.io/x/outrider:v1@sha256:...` is the first."""
    return OUTRIDER if name.rpartition("/")[2].split(":")[0].split("@")[0] == "outrider" else APPLICATION
