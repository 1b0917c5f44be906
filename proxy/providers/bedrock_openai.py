"""Amazon Bedrock by its OpenAI forms: https://docs.aws.amazon.com/bedrock/latest/userguide/inference-chat-completions.html.

What only the newer host has (https://docs.aws.amazon.com/bedrock/latest/userguide/bedrock-mantle.html) is asked for there with
`base_url: https://bedrock-mantle.{region}.api.aws/v1`. Models are claimed by the kind `bedrock`. An error of the front door,
before any API has seen the request, is AWS's own, and its type stands in a header.
"""

from collections.abc import Mapping

from proxy.call import Failure
from proxy.dialects.by_name import late
from proxy.dialects.openai import errors
from proxy.providers import Option, Provider

parse_aws_error = late("bedrock.errors", "parse_error")


def parse_error(status: int, headers: Mapping[str, str], body: bytes) -> Failure:
    parse = parse_aws_error if "x-amzn-errortype" in headers else errors.parse_error
    failure: Failure = parse(status, headers, body)
    return failure


PROVIDER = Provider(
    title="Amazon Bedrock (OpenAI form)",
    dialect="openai",
    docs="https://docs.aws.amazon.com/bedrock/latest/userguide/inference-chat-completions.html",
    base_url="https://bedrock-runtime.{region}.amazonaws.com/openai/v1",
    options={"region": Option(env=("AWS_REGION", "AWS_DEFAULT_REGION"))},
    paths={"chat": "/chat/completions"},
    also={"responses": {"chat": "/responses"}},
    passes=frozenset({"x-amzn-bedrock-guardrailidentifier", "x-amzn-bedrock-guardrailversion", "x-amzn-bedrock-trace"}),
    key_env=("AWS_BEARER_TOKEN_BEDROCK",),
    cloud="aws",
    implied=False,
    can=frozenset({"chat", "stream", "tools", "structured_output", "reasoning"}),
    lists="",
    parse_error=parse_error,
)
