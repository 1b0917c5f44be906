"""Messages for an OpenAI target: what other dialects left behind is taken out by name, everything else stays as it was."""

from typing import Any

import pytest

from proxy.call import Failure, Json
from proxy.dialects.openai.messages import OF_CALLS, OF_MESSAGES, OF_PARTS
from proxy.dialects.openai.request import render_request
from tests.dialects.openai.test_request import HELLO, render


def render_message(**message: Any) -> tuple[Json, list[str]]:
    wire, dropped = render(messages=[{"role": "assistant", **message}])
    [said] = wire["messages"]
    assert said.pop("role") == "assistant"
    return said, dropped


def test_system_stands_before_the_messages() -> None:
    wire, dropped = render(system="be brief")
    assert wire["messages"] == [{"role": "system", "content": "be brief"}, HELLO]
    parts = [{"type": "text", "text": "be brief", "cache_control": {"type": "ephemeral"}}]
    wire, dropped = render(system=parts)
    assert wire["messages"][0] == {"role": "system", "content": [{"type": "text", "text": "be brief"}]}
    assert dropped == ["messages.cache_control"]
    assert render(system="")[0]["messages"] == [HELLO]


@pytest.mark.parametrize(("name", "noted"), OF_MESSAGES.items())
def test_members_of_messages_are_named(name: str, noted: str) -> None:
    assert render_message(content="a", **{name: [1]}) == ({"content": "a"}, [noted] * bool(noted))


@pytest.mark.parametrize("name", OF_MESSAGES)
@pytest.mark.parametrize("value", [None, False, [], ""])
def test_members_that_say_nothing_go_without_a_word(name: str, value: Any) -> None:
    assert render_message(content="a", **{name: value}) == ({"content": "a"}, [])


@pytest.mark.parametrize(("name", "noted"), OF_PARTS.items())
def test_members_of_parts_are_named_once(name: str, noted: str) -> None:
    part = {"type": "text", "text": "a"}
    assert render_message(content=[{**part, name: {"x": 1}}, {**part, name: 1}]) == (
        {"content": [part, part]},
        [noted] * bool(noted),
    )


@pytest.mark.parametrize(("name", "noted"), OF_CALLS.items())
def test_members_of_tool_calls_are_named(name: str, noted: str) -> None:
    call = {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    assert render_message(content=None, tool_calls=[{**call, name: {"x": 1}}]) == (
        {"content": None, "tool_calls": [call]},
        [noted] * bool(noted),
    )


def test_everything_an_answer_of_claude_leaves_in_the_history() -> None:
    """The turn after a switch of provider: only the words and the calls can go on."""
    call = {"id": "toolu_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    history = [
        {**HELLO, "cache_control": {"type": "ephemeral"}},
        {
            "role": "assistant",
            "content": "so",
            "refusal": None,
            "reasoning_content": "hm",
            "thinking_blocks": [{"type": "thinking", "thinking": "hm", "signature": "x"}],
            "annotations": [{"type": "citation", "citation": {}}],
            "provider_blocks": [{"at": 0, "block": {"type": "server_tool_use"}}],
            "tool_calls": [call],
        },
        {"role": "tool", "tool_call_id": "toolu_1", "content": "no", "is_error": True},
    ]
    wire, dropped = render(messages=history)
    assert wire["messages"] == [
        HELLO,
        {"role": "assistant", "content": "so", "refusal": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "toolu_1", "content": "no"},
    ]
    assert sorted(dropped) == [
        "messages.annotations",
        "messages.cache_control",
        "messages.provider_blocks",
        "messages.reasoning_content",
        "messages.thinking_blocks",
        "messages.tool.is_error",
    ]


SIGNED = {"extra_content": {"google": {"thought_signature": "Eo8="}}}


def test_a_thought_signature_is_named_wherever_it_stands() -> None:
    call = {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    part = {"type": "text", "text": "a"}
    for carried, said in (
        ({"content": "a", **SIGNED}, {"content": "a"}),
        ({"content": [{**part, **SIGNED}]}, {"content": [part]}),
        ({"content": None, "tool_calls": [{**call, **SIGNED}]}, {"content": None, "tool_calls": [call]}),
    ):
        assert render_message(**carried) == (said, ["messages.thought_signature"])
    assert render_message(content="a", extra_content={"google": {}}) == ({"content": "a"}, [])


def test_a_file_is_given_by_value_or_id_and_not_by_its_address() -> None:
    with pytest.raises(Failure) as caught:
        render_message(content=[{"type": "file", "file": {"file_url": "https://a.pdf"}}])
    assert (caught.value.kind, caught.value.param) == (
        "unsupported_capability",
        "messages[0].content[0].file.file_url",
    )
    part = {"type": "file", "file": {"file_id": "file_1"}}
    assert render_message(content=[part]) == ({"content": [part]}, [])


def test_what_tools_show_is_shown_by_the_user_after_the_last_result() -> None:
    image = {"type": "image_url", "image_url": {"url": "https://a.png"}}
    text = {"type": "text", "text": "see"}
    plain = {"role": "tool", "tool_call_id": "c", "content": "x"}
    history = [
        {"role": "tool", "tool_call_id": "a", "content": [text, image]},
        {"role": "tool", "tool_call_id": "b", "content": [image]},
        plain,
        {"role": "assistant", "content": "so"},
        {"role": "tool", "tool_call_id": "d", "content": [text]},
    ]
    wire, dropped, translated = render_request({"messages": history}, "m")
    assert (dropped, translated) == ([], ["messages.tool.image"])
    assert wire["messages"] == [
        {"role": "tool", "tool_call_id": "a", "content": [text]},
        {"role": "tool", "tool_call_id": "b", "content": "The next message shows the result."},
        plain,
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "Result of the tool call a:"},
                image,
                {"type": "text", "text": "Result of the tool call b:"},
                image,
            ],
        },
        *history[3:],
    ]
    assert render_request({"messages": history[:2]}, "m").wire["messages"][-1]["role"] == "user"


@pytest.mark.parametrize(
    ("source", "url"),
    [
        ({"type": "url", "url": "https://x/a.png"}, "https://x/a.png"),
        ({"type": "base64", "media_type": "image/png", "data": "AA=="}, "data:image/png;base64,AA=="),
    ],
)
def test_a_short_image(source: Json, url: str) -> None:
    part = {"type": "image", "source": source}
    assert render_message(content=[part])[0]["content"] == [{"type": "image_url", "image_url": {"url": url}}]
    assert render_message(content=[{**part, "detail": "low"}])[0]["content"][0]["image_url"]["detail"] == "low"


@pytest.mark.parametrize(
    "source", [{"type": "file", "file_id": "f"}, {"type": "base64", "data": "AA=="}, {"type": "url"}]
)
def test_an_image_that_openai_cannot_see_is_refused_by_its_place(source: Json) -> None:
    with pytest.raises(Failure) as caught:
        render(messages=[HELLO, {"role": "user", "content": [{"type": "image", "source": source}]}])
    assert (caught.value.kind, caught.value.param) == ("unsupported_capability", "messages[1].content[0].source")


def test_an_id_that_is_too_long_is_made_to_fit_in_call_and_result_alike() -> None:
    long = "call_" + "x" * 40
    call = {"id": long, "type": "function", "function": {"name": "f", "arguments": "{}"}}
    history = [
        {"role": "assistant", "content": None, "tool_calls": [call, {**call, "id": "call_2"}]},
        {"role": "tool", "tool_call_id": long, "content": "x"},
    ]
    said, result = render_request({"messages": history}, "m").wire["messages"]
    assert said["tool_calls"][0]["id"] == result["tool_call_id"] != long
    assert len(result["tool_call_id"]) <= 40
    assert said["tool_calls"][1]["id"] == "call_2"


@pytest.mark.parametrize("called", ["gs://bucket/a.pdf", "s3://bucket/a", "https://x/files/abc"])
def test_a_file_that_lies_elsewhere_is_refused(called: str) -> None:
    with pytest.raises(Failure) as caught:
        render_message(content=[{"type": "file", "file": {"file_id": called}}])
    assert (caught.value.kind, caught.value.param) == (
        "unsupported_capability",
        "messages[0].content[0].file.file_id",
    )


def test_the_type_of_a_file_is_not_sent() -> None:
    file = {"file_id": "file-1", "media_type": "application/pdf"}
    said, dropped = render_message(content=[{"type": "file", "file": file}])
    assert (said["content"], dropped) == ([{"type": "file", "file": {"file_id": "file-1"}}], [])


@pytest.mark.parametrize("role", ["system", "developer"])
@pytest.mark.parametrize("kind", ["image_url", "image", "file", "input_audio"])
def test_only_a_user_shows_anything(role: str, kind: str) -> None:
    part = {"type": kind, kind: {"url": "https://x/a.png"}}
    with pytest.raises(Failure) as caught:
        render(messages=[{"role": role, "content": [{"type": "text", "text": "a"}, part]}])
    assert (caught.value.kind, caught.value.param) == ("unsupported_capability", "messages[0].content[1]")


def test_a_call_without_arguments_says_so_in_json() -> None:
    said, _ = render_message(tool_calls=[{"id": "c", "type": "function", "function": {"name": "f", "arguments": ""}}])
    assert said["tool_calls"][0]["function"] == {"name": "f", "arguments": "{}"}
