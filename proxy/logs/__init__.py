"""Lines for whoever runs the sidecar: `lines` is what they say, `redaction` what stays here, `sink` how they leave."""

from proxy.logs.sink import WAITING, Sink, setup

__all__ = ["WAITING", "Sink", "setup"]
