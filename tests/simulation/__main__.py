"""`python -m tests.simulation --write` draws the plots of docs/simulation.md anew; without it, it tells which ones differ."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.simulation.drawings import DRAWINGS
from tests.simulation.plot import render

PLOTS = Path(__file__).parents[2] / "docs" / "plots"


def differing(folder: Path) -> dict[Path, str]:
    """What is not as it would be drawn now -> as it would be."""
    drawn = {folder / f"{name}.svg": render(draw()) for name, draw in DRAWINGS.items()}
    return {path: text for path, text in drawn.items() if not path.exists() or path.read_text("utf-8") != text}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--write", action="store_true", help="write what differs")
    write = parser.parse_args(arguments).write
    found = differing(PLOTS)
    for path, text in found.items():
        sys.stdout.write(f"{'written' if write else 'differs'}: {path}\n")
        if write:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
    return 0 if write or not found else 1


if __name__ == "__main__":
    sys.exit(main())
