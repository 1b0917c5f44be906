"""The log as it is configured: where lines go, and the policies that tell it more than how calls end.

What is not asked for is not made, and not imported.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from proxy import logs
from proxy.call import Call, Policy, Tape
from proxy.config import Config
from proxy.logs import Sampling

if TYPE_CHECKING:
    from proxy.config.logging import Content
    from proxy.upstream.overheard import Overheard, Room


class Journal:
    """`sink` takes lines. `attempts` and `overhear` are policies, None where nobody wants to know.

    room: bytes of answers that are kept for lines, and how many may be; None where none are.
    """

    attempts: Policy | None = None
    overhear: Policy | None = None
    room: Room | None = None

    def __init__(self, config: Config) -> None:
        """What it goes by holds for the life of the process."""
        asked = config.logging
        sampling = Sampling(asked.sample.success, asked.sample.failure)
        self.sink = logs.setup(
            asked.format, asked.level, file=asked.file, sampling=sampling, whole=asked.content.prompts
        )
        if asked.level == "debug":
            from proxy.logs.attempts import attempt_line
            from proxy.policies.attempt_log import AttemptLog

            put = self.sink.put
            self.attempts = AttemptLog(lambda *ended: put(attempt_line(time.time(), *ended)), time.monotonic)
        if asked.level in ("debug", "info") and (asked.content.prompts or asked.content.answers):
            self._listen(asked.content)

    def _listen(self, asked: Content) -> None:
        import re

        from proxy.logs.content import Rules, content_line
        from proxy.logs.pii import Scrubber
        from proxy.policies.overhear import Overhear
        from proxy.upstream.overheard import Overheard, Room

        patterns = {name: re.compile(pattern) for name, pattern in asked.patterns.items()}
        rules, sink, room = Rules(asked.prompts, asked.limit, Scrubber(asked.redact, patterns)), self.sink, Room()

        def listen(tape: Tape | None) -> Overheard:
            return Overheard(room, asked.limit, tape)

        def tell(call: Call, heard: Overheard | None, failed: bool) -> None:
            answer = heard.answer if heard is not None and heard.begun else None
            if asked.prompts or answer is not None:
                sink.log_content(content_line(time.time(), call, answer, rules, sink.clean_cut), call, failed)

        self.overhear, self.room = Overhear(listen if asked.answers else None, tell), room
