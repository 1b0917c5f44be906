"""The order of the items of one turn."""

from proxy.dialects.responses.order import Own, arrange, entry_of, read_own


def test_an_own_item_follows_the_thoughts_that_came_before_it() -> None:
    thoughts = [{"id": "rs_1"}, {"id": "rs_2"}, {"id": "rs_3"}]
    own = [Own(0, 1, {"id": "ws_1"}), Own(0, 2, {"id": "ws_2"}), Own(9, 3, {"id": "ws_3"})]
    items = arrange(thoughts, own, [{"id": "msg"}], [{"id": "fc"}])
    assert [item["id"] for item in items] == ["rs_1", "ws_1", "rs_2", "ws_2", "rs_3", "msg", "ws_3", "fc"]


def test_thoughts_are_said_once_however_entries_are_mixed_up() -> None:
    own = [Own(0, 9, {"id": "a"}), Own(0, 0, {"id": "b"})]
    items = arrange([{"id": "rs_1"}, {"id": "rs_2"}], own, [], [])
    assert [item["id"] for item in items] == ["rs_1", "rs_2", "a", "b"]


def test_entries_are_read_back_and_others_are_named_once_each() -> None:
    dropped: list[str] = []
    item = {"type": "web_search_call"}
    entries = [entry_of(item, 3, 1), {"block": item}, {"block": item, "dialect": "gemini"}, "?"]
    assert read_own(entries, dropped) == [Own(3, 1, item)]
    assert dropped == ["messages.provider_blocks"] * 3
    assert read_own("?", dropped) == []
    assert read_own([{"block": item, "dialect": "responses", "at": -1, "after": True}], []) == [Own(0, 0, item)]
