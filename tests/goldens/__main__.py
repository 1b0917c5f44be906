"""`python -m tests.goldens`: say which goldens differ; with `--write`, write them. The diff is the review."""

from __future__ import annotations

import sys
from pathlib import Path

import orjson

from proxy.call import Json
from tests.goldens.cases import CASES
from tests.goldens.crossing import cross

FOLDER = Path(__file__).parent / "expected"


def text_of(golden: Json) -> bytes:
    return orjson.dumps(golden, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def path_of(name: str) -> Path:
    return FOLDER / f"{name}.json"


def stray() -> list[Path]:
    return [path for path in sorted(FOLDER.glob("*.json")) if path.stem not in CASES]


def main(arguments: list[str]) -> int:
    changed = [*stray()]
    if "--write" in arguments:
        for path in changed:
            path.unlink()
    for name, case in CASES.items():
        path, text = path_of(name), text_of(cross(case))
        if not path.exists() or path.read_bytes() != text:
            changed.append(path)
            if "--write" in arguments:
                path.write_bytes(text)
    for path in changed:
        sys.stdout.write(f"{path.relative_to(FOLDER.parent)}\n")
    return int(bool(changed) and "--write" not in arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
