"""Print the part of a lock that an image with some extras needs. Run while the image is built: it knows the lock's text alone.

Blocks are parted by empty lines; one that begins with `# extras: a b` is for images with a or b, any other for all.
"""

from __future__ import annotations

import sys
from pathlib import Path

MARK = "# extras: "


def chosen(lock: str, wanted: str) -> str:
    """`wanted` is a list with commas between, as pip has it. Raises ValueError that names an extra the lock has nothing for."""
    blocks = [(extras_of(block), block) for block in lock.split("\n\n")]
    asked = {name.strip() for name in wanted.split(",")} - {""}
    known = set[str]().union(*(extras for extras, _ in blocks))
    if asked - known:
        raise ValueError(f"EXTRAS={wanted}: expected any of {', '.join(sorted(known))}")
    return "\n\n".join(block for extras, block in blocks if not extras or extras & asked)


def extras_of(block: str) -> set[str]:
    return set(block.partition("\n")[0].removeprefix(MARK).split()) if block.startswith(MARK) else set()


if __name__ == "__main__":
    try:
        sys.stdout.write(chosen(Path(sys.argv[1]).read_text("utf-8"), sys.argv[2]))
    except ValueError as error:
        sys.exit(str(error))
