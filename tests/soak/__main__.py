"""The command: `python -m tests.soak`, or `make soak`. One run, one report; the exit status is 1 when anything was wrong.

python -m tests.soak                 ten minutes
python -m tests.soak --seconds 30    all of it, more often
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import uvloop

from tests.soak.course import soak
from tests.soak.report import render
from tests.soak.result import plan_for


def arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m tests.soak", description="Everything at once, for ten minutes.")
    parser.add_argument("--seconds", type=float, default=600.0, help="how long")
    parser.add_argument("--applications", type=int, default=24, help="how many ask at once")
    parser.add_argument("--seed", default="soak", help="what providers and applications choose by")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="where the configuration and the log are left")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    options = arguments(argv)
    plan = plan_for(options.seconds, options.applications, options.seed)
    with tempfile.TemporaryDirectory(prefix="outrider-soak-") as folder:
        directory = Path(folder)
        if options.keep is not None:
            directory = options.keep
            directory.mkdir(parents=True, exist_ok=True)
        result = uvloop.run(soak(plan, directory))
    sys.stdout.write(render(result))
    return 1 if result.book.wrongs else 0


if __name__ == "__main__":
    raise SystemExit(main())
