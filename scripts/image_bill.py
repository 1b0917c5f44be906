"""What an image is made of, as CycloneDX JSON: the Python packages in /app and, where the base says them, Debian's.

Debian's are read from var/lib/dpkg/status.d, a file for each, as distroless images keep it. There is no time and no serial number
in it, so that the same image has the same list. https://cyclonedx.org/docs/1.5/json/
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from email.parser import HeaderParser
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any

CLASSIFIER = "License :: "


def write_bill(root: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(bill(root), indent=1) + "\n", "utf-8")


def bill(root: Path) -> dict[str, Any]:
    pythons = [component(found) for found in distributions(path=[str(root / "app")])]
    inside = sorted([*pythons, *debian(root)], key=lambda item: item["purl"])
    return {"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1, "components": inside}


def component(found: Distribution) -> dict[str, Any]:
    name = found.metadata["Name"]
    item = {
        "type": "library",
        "name": name,
        "version": found.version,
        "purl": f"pkg:pypi/{name.lower()}@{found.version}",
    }
    named = license_of(found)
    return item | ({"licenses": [{"license": {"name": named}}]} if named else {})


def license_of(found: Distribution) -> str:
    """Its expression, else the last part of its classifiers, else what the package wrote, if that is one line."""
    said = found.metadata
    if "License-Expression" in said:
        return str(said["License-Expression"])
    classified = [line.rpartition(" :: ")[2] for line in said.get_all("Classifier", []) if line.startswith(CLASSIFIER)]
    written = str(said["License"]) if "License" in said else ""
    return ", ".join(classified) or ("" if "\n" in written else written)


def debian(root: Path) -> Iterator[dict[str, Any]]:
    for file in (root / "var/lib/dpkg/status.d").glob("*"):
        control = HeaderParser().parsestr(file.read_text("utf-8"))
        if control["Package"]:
            name, version = control["Package"], control["Version"]
            purl = f"pkg:deb/debian/{name}@{version}?arch={control['Architecture']}"
            yield {"type": "library", "name": name, "version": version, "purl": purl}
