"""RunPod serverless endpoints by their queue, with vLLM behind it: https://docs.runpod.io/serverless/endpoints/operation-reference.

The kind `runpod` speaks to the same workers in OpenAI's form; here each call is a job that can wait and be cancelled. A whole
reply is waited for by `/runsync`, shortly: until that is answered nobody knows what to cancel. `/health` costs nothing.
"""

from proxy.dialects.by_name import late
from proxy.dialects.jobs import Job
from proxy.providers import Option, Provider

PROVIDER = Provider(
    title="RunPod (queue)",
    dialect="runpod",
    docs="https://docs.runpod.io/serverless/endpoints/operation-reference",
    base_url="https://api.runpod.ai/v2/{endpoint_id}",
    options={"endpoint_id": Option(env=("RUNPOD_ENDPOINT_ID",))},
    paths={"chat": "/runsync?wait=1000", "chat.stream": "/run"},
    key_env=("RUNPOD_API_KEY",),
    implied=False,
    can=frozenset({"chat", "stream", "tools", "structured_output", "vision"}),
    lists="",
    probe="/health",
    job=Job(
        read=late("runpod", "read_state"),
        order=late("runpod", "order"),
        status="/status/{id}",
        cancel="/cancel/{id}",
        frame=late("runpod", "frame"),
        pieces="/stream/{id}",
    ),
)
