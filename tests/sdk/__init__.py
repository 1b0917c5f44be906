"""The official SDKs as applications, over real sockets. Only their public faces are used; nothing of the proxy is imported."""

import pytest

pytest.register_assert_rewrite("tests.sdk.stage", "tests.sdk.clients")
