"""Lines for whoever runs the sidecar: `lines` is what they say, `redaction` what stays here, `sink` how they leave."""

from proxy.logs.sink import Sink, setup

__all__ = ["Sink", "setup"]
