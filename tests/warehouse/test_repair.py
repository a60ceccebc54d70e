"""What a person does about refused rows, and that a second load of the same file changes none of it."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from generator import Options, generate
from warehouse import error_table, ledger, load, objects, records, rejects, repair, repairs, settlement
from warehouse.catalog import SOURCES, STAGED
from warehouse.repair import RepairError

from .conftest import GOOD, MONTH, SOURCE, Mender


def planted_in(folder: Path, bad_in: str, count: int) -> list[dict[str, Any]]:
    """Files with every kind of bad row, and where those stand; ``raw`` as bytes."""
    options = Options(str(folder), 3000, ("data_science",), months=(1,), bad_rows=count, bad_in=bad_in)
    generate(options)
    rows = json.loads((folder / "bad_rows.json").read_text())["rows"]
    return [{**row, "raw": base64.b64decode(row["raw"])} for row in rows]


def mended_file(file: bytes, planted: list[dict[str, Any]]) -> bytes:
    """The file as it should have been."""
    by_line = {row["line"]: row for row in planted}
    parts = []
    for record in records.read([file]):
        row = by_line.get(record.line)
        if row is None or row["mended"] is not None:
            parts.append(record.raw if row is None else records.encode(row["mended"].values()))
    return b"\n".join(parts) + b"\n"


@pytest.mark.parametrize("serverless", [False, True])
@pytest.mark.parametrize("source", [source.name for source in SOURCES])
def test_every_kind_is_set_aside_whole_mended_and_put_back(
    degree: Any, tmp_path: Path, source: str, serverless: bool
) -> None:
    """From the STL tables and, as on Serverless, from SYS alone; the rows then equal those of a mended file."""
    path = f"data_science/2019/1/{source}.csv"
    planted = planted_in(tmp_path, path, 80)
    assert len({row["kind"] for row in planted}) >= 20
    file = (tmp_path / path).read_bytes()
    degree.provisioned.put(degree.key(source), file)
    degree.load(source)
    connect = degree.provisioned.connect_as_serverless if serverless else degree.provisioned.connect
    mine = (degree.provisioned.s3, degree.source(source), degree.degree, MONTH, "a test")
    entry = settlement.settle(connect, *mine).entry
    mender = Mender(degree, source)
    assert {line: row.raw for line, row in mender.rows.items()} == {row["line"]: row["raw"] for row in planted}
    assert (entry.status, entry.refused) == (ledger.REFUSED, len(planted))
    assert mender.conserved()
    for row in planted:
        if row["mended"] is None:
            repair.discard(connect, mender.place, [row["line"]], "a blank line")
        else:
            mender.mend(row["line"], **row["mended"])
    done = mender.put_back()
    assert (done.wrong, done.dropped) == ((), True)
    assert mender.conserved()
    assert mender.settle().status == ledger.SETTLED
    degree.provisioned.put(degree.key(source, "2019-01-01").replace("/1/", "/2/"), mended_file(file, planted))
    degree.load(source, month="2019-02-01")
    assert mender.staged() == Mender(degree, source, "2019-02-01").staged()


def test_unmended_rows_stay_and_each_says_what_is_wrong(degree: Any, tmp_path: Path) -> None:
    planted = planted_in(tmp_path, f"data_science/2019/1/{SOURCE}.csv", 60)
    degree.provisioned.put(degree.key(SOURCE), (tmp_path / f"data_science/2019/1/{SOURCE}.csv").read_bytes())
    degree.load(SOURCE)
    degree.settle(SOURCE)
    mender = Mender(degree)
    before = mender.staged()
    done = mender.put_back()
    assert done.rows == 0
    assert {wrong.line_number for wrong in done.wrong} == {row["line"] for row in planted}
    assert all(wrong.faults for wrong in done.wrong)
    assert mender.staged() == before
    assert mender.conserved()


def test_mended_rows_go_back_while_those_still_wrong_stay(mender: Mender) -> None:
    mender.mend(3, user_id="7", rating="four")
    mender.mend(5, rating="3", submit_date="2019-01-05 12:00:00")
    done = mender.put_back()
    assert (done.rows, done.dropped) == (1, False)
    assert done.wrong == (repair.Wrong(3, ("rating: 'four' is no INTEGER",)),)
    assert mender.settle().detail.startswith("1 refused rows of 2019-01-01 stand in")  # type: ignore[union-attr]
    mender.mend(3, user_id="7", rating="1")
    assert mender.put_back() == repair.PutBack(1, (), dropped=True)
    entry = mender.settle()
    assert (entry.status, entry.repaired) == (ledger.SETTLED, 2)
    with pytest.raises(RepairError, match="is settled: there is nothing to mend"):
        mender.put_back()


@pytest.mark.parametrize(
    ("texts", "extra", "words"),
    [
        ({}, None, "user_id: 'x' is no INTEGER"),
        ({"user_id": "1"}, "more", "extra_fields: 'more' is still there"),
        ({"user_id": "1", "text": "caf\ufffd"}, None, r"U\+FFFD in place of a byte"),
        ({"user_id": ""}, None, "user_id: is empty, and must not be"),
        ({"user_id": "1", "text": "x" * 20_001}, None, "is 20001 bytes long, 20000 fit"),
        ({"user_id": "1", "submit_date": "soon"}, None, "is no number of milliseconds"),
    ],
)
def test_what_keeps_a_row_from_being_put_back(mender: Mender, texts: dict[str, str], extra: str, words: str) -> None:
    mender.mend(3, extra, **texts)
    done = {wrong.line_number: "\n".join(wrong.faults) for wrong in mender.put_back().wrong}
    with pytest.raises(AssertionError, match=words):
        raise AssertionError(done[3])


def test_a_record_without_its_last_field_is_not_put_back_as_it_is(degree: Any) -> None:
    """Its rating may be NULL, but that nobody looked at it may not."""
    degree.load(SOURCE, "1,10,1546300800000,fine\n" + GOOD)
    degree.settle(SOURCE)
    mender = Mender(degree)
    (wrong,) = mender.put_back().wrong
    assert "nothing was changed since it was refused" in wrong.faults[0]
    mender.mend(2, text="Fine.")
    assert mender.put_back().rows == 1


def test_a_second_load_of_the_file_applies_repairs_again_and_keeps_edits(mender: Mender) -> None:
    mender.mend(3, user_id="7")
    mender.put_back()
    mender.mend(5, rating="2")
    before = mender.staged()
    for _ in range(2):
        mender.degree.load(SOURCE)
        entry = mender.settle()
        assert (entry.status, entry.refused, entry.repaired) == (ledger.REFUSED, 2, 1)
        assert mender.staged() == before
        assert mender.rows[5].texts[-1] == "2"
        assert mender.conserved()
    assert mender.put_back().rows == 1
    after = mender.staged()
    mender.degree.load(SOURCE)
    assert mender.settle().status == ledger.SETTLED
    assert mender.staged() == after


def test_a_corrected_file_replaces_the_month_and_leaves_the_repairs_as_history(mender: Mender) -> None:
    mender.mend(3, user_id="7")
    mender.put_back()
    mender.degree.load(SOURCE, GOOD + "y,10,1546300800000,other,3\n")
    with pytest.raises(RepairError, match="is loaded: its refused rows are not set aside yet"):
        mender.put_back()
    entry = mender.settle()
    assert (entry.status, entry.refused, entry.repaired) == (ledger.REFUSED, 1, 0)
    assert {line: row.texts[0] for line, row in mender.rows.items()} == {3: "y"}
    assert sum(mender.staged().values()) == 1
    mender.degree.load(SOURCE, GOOD)
    assert mender.settle().status == ledger.SETTLED
    history = mender.degree.provisioned.rows(
        "SELECT action, line_number, FROM_VARBYTE(raw_record, 'utf8'), recorded_by FROM load_repairs"
        " WHERE table_name = %s",
        (mender.place.table_name,),
    )
    assert history == [("put_back", 3, 'x,10,1546300800000,"a\nb",3', "ada")]


def test_given_up_rows_are_counted_and_stay_given_up(mender: Mender) -> None:
    assert repair.discard(mender.connect, mender.place, [5, 3], "nobody knows") == 2
    assert mender.conserved()
    for _ in range(2):
        entry = mender.settle()
        assert (entry.status, entry.discarded) == (ledger.SETTLED, 2)
        mender.degree.load(SOURCE)


@pytest.mark.parametrize(
    ("lines", "why", "words"),
    [([4], "so", "No row of line 4 waits in"), ([3], "  ", "Say why"), ([3, 9], "so", "No row of line 9 waits")],
)
def test_what_cannot_be_given_up(mender: Mender, lines: list[int], why: str, words: str) -> None:
    with pytest.raises(RepairError, match=words):
        repair.discard(mender.connect, mender.place, lines, why)
    assert len(mender.rows) == 2


def test_what_broken_quotes_leave_unaccounted_for_is_settled_by_a_person(mender: Mender) -> None:
    mender.degree.provisioned.rows(f"DELETE FROM {mender.place.table_name}")  # noqa: S608
    repair.discard(mender.connect, mender.place, [3, 5], "so")
    entry = mender.settle()
    assert entry.detail
    assert "1 rows are nowhere" in entry.detail
    assert "--unaccounted 1 --why" in entry.detail
    with pytest.raises(RepairError, match=r"1 records of .* are unaccounted for, not 2"):
        repair.discard_unaccounted(mender.connect, mender.place, 2, "quotes")
    repair.discard_unaccounted(mender.connect, mender.place, 1, "quotes")
    assert mender.settle().status == ledger.SETTLED
    mender.degree.load(SOURCE)  # now the row is there: the settlement no longer fits, and that is said
    assert "1 rows are too many" in (mender.settle().detail or "")


def test_one_error_table_holds_several_months_and_goes_with_the_last_row(mender: Mender) -> None:
    mender.degree.load(SOURCE, "z,10,1548979200000,later,3\n", "2019-02-01")
    mender.degree.settle(SOURCE, "2019-02-01")
    february = Mender(mender.degree, month="2019-02-01")
    february.mend(2, user_id="9")
    assert february.put_back() == repair.PutBack(1, (), dropped=False)
    mender.mend(3, user_id="7")
    mender.mend(5, rating="1")
    assert mender.put_back() == repair.PutBack(2, (), dropped=True)
    assert mender.settle().status == february.settle().status == ledger.SETTLED


def test_the_version_that_was_loaded_is_read_though_the_file_was_replaced(degree: Any) -> None:
    degree.load(SOURCE, GOOD + "x,10,1546300800000,old,3\n")
    degree.put(SOURCE, GOOD)
    degree.settle(SOURCE)
    assert Mender(degree).rows[3].raw == b"x,10,1546300800000,old,3"


def test_a_version_that_is_gone_is_said_and_the_month_held(degree: Any) -> None:
    degree.load(SOURCE, GOOD + "x,10,1546300800000,old,3\n")
    s3, bucket, key = degree.provisioned.s3, degree.provisioned.settings.bucket, degree.key(SOURCE)
    s3.delete_object(Bucket=bucket, Key=key, VersionId=degree.status(SOURCE).version_id)
    with pytest.raises(objects.ObjectChanged, match=r"the version with ETag .* is gone"):
        degree.settle(SOURCE)
    assert degree.status(SOURCE).status == ledger.LOADED


def test_without_versions_the_etag_tells_that_a_file_was_replaced(degree: Any) -> None:
    degree.put(SOURCE, GOOD)
    obj = load.look_up(degree.provisioned.s3, degree.order(SOURCE)).obj
    degree.put(SOURCE, GOOD + GOOD)
    with pytest.raises(objects.ObjectChanged):
        list(objects.read(degree.provisioned.s3, replace(obj, version_id=None)))


def test_a_row_that_was_not_found_again_is_filled_in_by_hand(degree: Any) -> None:
    degree.load(SOURCE, GOOD + "x,10,1546300800000,old,3\n")
    query = degree.status(SOURCE).copy_query_id
    # Redshift's word is made to be about another text than the file has.
    wrong = degree.provisioned.s3.get_object
    degree.provisioned.s3.get_object = lambda **which: {
        "Body": type("Body", (), {"iter_chunks": lambda self, size: [b"h\n" + GOOD.encode()]})()
    }
    try:
        degree.settle(SOURCE)
    finally:
        degree.provisioned.s3.get_object = wrong
    mender = Mender(degree)
    (row,) = mender.rows.values()
    assert (row.line_number, row.raw, row.copy_query_id) == (-1, None, query)
    assert row.err_reason.endswith("(not found in the file; line 3 as Redshift counts)")
    assert mender.put_back().rows == 0
    mender.mend(-1, user_id="4", project_id="10", submit_date="1546300800000", rating="2")
    assert mender.put_back().rows == 1
    assert mender.settle().status == ledger.SETTLED


def test_a_record_of_five_megabytes_stands_whole(degree: Any) -> None:
    large = b'3,10,1546300800000,"' + b"l" * 5_000_000 + b'",3'
    degree.load(SOURCE, GOOD.encode() + large + b"\n" + GOOD.encode())
    degree.settle(SOURCE)
    mender = Mender(degree)
    assert mender.rows[3].raw == large
    assert mender.conserved()
    mender.mend(3, text="shorter")
    assert mender.put_back().rows == 1


def test_a_record_too_large_for_a_statement_is_set_aside_by_its_line(degree: Any) -> None:
    """Beyond COPY's 4 MB the local endpoint ends a record at the next line, so such a one is made here."""
    large = rejects.Reject("s3://b/f", 3, "", 1214, "no end", record=records.Record(3, 3, 0, b"x" * 7_000_001))
    row = error_table.row_of(large, STAGED[SOURCE], MONTH, "e", 1)
    assert (row.line_number, row.raw, set(row.texts)) == (3, None, {None})
    assert row.err_reason == "no end (its 7000001 bytes are too many to stand here: see the file)"


@pytest.mark.parametrize(("bad", "loads"), [(10, True), (11, False)])
def test_more_refused_rows_than_the_catalog_allows_load_nothing(degree: Any, bad: int, loads: bool) -> None:
    degree.load(SOURCE, GOOD)
    before = degree.status(SOURCE)
    degree.put(SOURCE, GOOD * (100 - bad) + "x,10,1546300800000,bad,3\n" * bad)
    order = replace(degree.order(SOURCE), source=STAGED[SOURCE])
    assert STAGED[SOURCE].max_refused_share == 0.1
    if loads:
        assert load.load(degree.provisioned.connect, degree.provisioned.s3, order).rows == 90
        return
    with pytest.raises(load.Refused) as refused:
        load.load(degree.provisioned.connect, degree.provisioned.s3, order)
    assert "more than 10 of its 100 records were refused, so nothing of it was loaded" in str(refused.value)
    assert "11 x Invalid digit" in str(refused.value)
    assert (degree.status(SOURCE), degree.rows("SELECT COUNT(*) FROM {project_feedback}")) == (before, [(1,)])


def test_the_limit_is_the_smaller_of_number_and_share() -> None:
    source = STAGED[SOURCE]
    assert (source.most_refused(100), source.most_refused(9), source.most_refused(5_000_000)) == (10, 0, 100_000)


def test_tables_are_found_by_name() -> None:
    assert repair.find_table("data_science_video_log_errors") == (STAGED["video_log"], "data_science")
    assert repair.find_table("users_dim") == (STAGED["users_dim"], None)
    for wrong in ("video_log", "_video_log", "nothing"):
        with pytest.raises(RepairError, match="is no staging table"):
            repair.find_table(wrong)


def test_repairs_of_a_line_that_follow_one_another_count_once() -> None:
    about = repairs.Repair("t", MONTH, "e", repairs.DISCARD, "ada", line_number=3, records=1)
    back = replace(about, action=repairs.PUT_BACK, records=0)
    lump = replace(about, action=repairs.UNACCOUNTED, line_number=None, records=-2)
    assert repairs.discarded([about, lump]) == -1
    assert repairs.discarded([about, back]) == 0
