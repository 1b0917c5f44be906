"""What the Kubernetes API did not do, as an exception. Apart from the client, so that those who catch it need no HTTP."""

from __future__ import annotations


class ClusterError(Exception):
    """status: of the refusal, 0 where no answer came. reason: Kubernetes' own word (`Conflict`), "" for none."""

    def __init__(self, status: int, message: str, reason: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
