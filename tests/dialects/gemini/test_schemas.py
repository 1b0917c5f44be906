"""Google's form of a schema as JSON Schema."""

import pytest

from proxy.call import Failure, Json
from proxy.dialects.gemini.schemas import parse_schema


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({"type": "STRING", "nullable": True}, {"type": ["string", "null"]}),
        ({"type": "OBJECT", "nullable": False, "format": None}, {"type": "object"}),
        (
            {"type": "ARRAY", "items": {"type": "INTEGER"}, "min_items": "2"},
            {"type": "array", "items": {"type": "integer"}, "minItems": 2},
        ),
        ({"any_of": [{"type": "NULL"}, {"enum": ["A"]}]}, {"anyOf": [{"type": "null"}, {"enum": ["A"]}]}),
        (
            {"properties": {"any_of": {"type": "NUMBER"}, "type": {"type": "STRING"}}, "property_ordering": ["type"]},
            {"properties": {"any_of": {"type": "number"}, "type": {"type": "string"}}, "propertyOrdering": ["type"]},
        ),
        ({"type": "TYPE_UNSPECIFIED", "description": "d"}, {"description": "d"}),
        (
            {"$defs": {"A": {"type": "string"}}, "$ref": "#/$defs/A"},
            {"$defs": {"A": {"type": "string"}}, "$ref": "#/$defs/A"},
        ),
    ],
)
def test_schemas(schema: Json, said: Json) -> None:
    assert parse_schema(schema, "parameters") == said


@pytest.mark.parametrize("schema", [{"type": "THING"}, {"properties": []}, {"any_of": 3}, {"required": "a"}])
def test_what_is_no_schema(schema: Json) -> None:
    with pytest.raises(Failure) as raised:
        parse_schema(schema, "tools[0]")
    assert str(raised.value.param).startswith("tools[0]")
