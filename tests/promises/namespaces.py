"""Whether namespaces can be made here: that takes root, and a kernel that lets root do it."""

from __future__ import annotations

import os
import shutil
import subprocess


def unfit(kind: str, *programs: str) -> str | None:
    """Why not, in words; None where it can. `kind`: an option of unshare(1)."""
    missing = [program for program in ("unshare", *programs) if shutil.which(program) is None]
    if missing or os.geteuid() != 0:
        return f"needs {', '.join(missing) or 'root'}"
    made = subprocess.run(["unshare", kind, "--fork", "true"], capture_output=True, text=True, timeout=10)
    return made.stderr.strip() or None
