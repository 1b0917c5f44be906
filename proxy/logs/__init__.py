"""Lines for whoever runs the sidecar: `lines` is what they say, `formats` how they are written, `redaction` what stays here,
`sink`, `writer` and `output` how they leave. `content` and `pii` are for those who want to read what calls say.
"""

from proxy.logs.sampling import Sampling
from proxy.logs.sink import WAITING, Sink, setup

__all__ = ["WAITING", "Sampling", "Sink", "setup"]
