"""The template in use, read again when its file changes. What a template must look like is template.py's."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from proxy.injector.mounted import Mounted
from proxy.injector.template import TemplateError, parse

log = logging.getLogger(__name__)


class Template:
    """`current` is the last good one. report: `ok` or `refused`. Raises TemplateError where there is none at first."""

    def __init__(self, file: Path, report: Callable[[str], None]) -> None:
        self._file = file
        self._mounted = Mounted(file.parent, [file.name])
        self._report = report
        try:
            (content,) = self._mounted.changed() or [b""]
        except OSError as error:
            raise TemplateError(f"the template cannot be read: {error.strerror}") from error
        self.current: Mapping[str, Any] = parse(content)

    def look(self) -> None:
        """Use another if there is one; what is wrong with it is logged once for each change."""
        try:
            found = self._mounted.changed()
            if found is None:
                return
            self.current = parse(found[0])
        except (TemplateError, OSError) as error:
            self._report("refused")
            log.warning("the last good template is kept: %s", error, extra={"file": str(self._file)})
        else:
            self._report("ok")
            log.info("the template was read again", extra={"chart": self.current["chart"]})
