"""Records are cut where Python's csv module cuts them, with their bytes, whatever the pieces of the file."""

from __future__ import annotations

import pytest

from warehouse import records

FILE = b'a,b\r\n1,"x\ny, ""z"""\n\n2,\xff\0\n3,"open\n4,q'


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_each_record_has_its_line_its_number_its_place_and_its_bytes(size: int) -> None:
    found = list(records.read(FILE[at : at + size] for at in range(0, len(FILE), size)))
    assert found == [
        (1, 1, 0, b"a,b"),
        (2, 2, 5, b'1,"x\ny, ""z"""'),
        (4, 3, 20, b""),
        (5, 4, 21, b"2,\xff\0"),
        (6, 5, 26, b'3,"open\n4,q'),
    ]
    assert records.count([FILE]) == len(found)


@pytest.mark.parametrize(
    ("raw", "fields", "well_formed"),
    [
        (b"", [], True),
        (b"a,,c", [b"a", b"", b"c"], True),
        (b'"a,""b""",c', [b'a,"b"', b"c"], True),
        (b'"one\r\ntwo\0",\xff', [b"one\r\ntwo\0", b"\xff"], True),
        (b'they said "so"', [b'they said "so"'], False),
        (b'"good"ish,x', [b"goodish", b"x"], False),
        (b'1,"open', [b"1", b"open"], False),
        (b"a\rb", [b"a\rb"], False),
    ],
)
def test_fields_of_a_record(raw: bytes, fields: list[bytes], well_formed: bool) -> None:
    assert records.fields(raw) == fields
    assert records.is_well_formed(raw) == well_formed


@pytest.mark.parametrize("values", [["a", "", 'b"c', "d,e\nf", "ü"], [""], ["\r\n", "x\r"]])
def test_what_is_encoded_reads_back(values: list[str]) -> None:
    assert [field.decode() for field in records.fields(records.encode(values))] == values
