"""The embedded provider: OpenAI's chat completions wire over an in-process socket pair; no port, no network, no key.

It exists so that an application can be run and its error handling tested without a provider. It knows nothing of the
rest of the house and refuses to share code with the dialects it is used to exercise. docs/mock.md is its manual.
"""

from proxy.upstream.mock.script import MockSettings
from proxy.upstream.mock.server import MockServer

__all__ = ["MockServer", "MockSettings"]
