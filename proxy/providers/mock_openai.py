"""The embedded mock as OpenAI, without a network and a key. docs/mock.md lists its models.

It has no Responses API: who calls in those words is translated.
"""

from dataclasses import replace

from proxy.providers import mock, openai

PROVIDER = replace(mock.PROVIDER, title="Mock of OpenAI", passes=openai.PROVIDER.passes, models=(), implied=False)
