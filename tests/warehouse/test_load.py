"""A month is replaced whole or not at all, whatever an earlier try left."""

from __future__ import annotations

from typing import Any

import psycopg2
import pytest

from warehouse import ledger, load, objects, records
from warehouse.redshift import in_transaction

JANUARY, FEBRUARY = "2019-01-01", "2019-02-01"
TWO = '1,10,1546300800000,"good, but ""long""\nand köstlich",3\n2,10,1546300800500,,2\n'


def test_rows_arrive_as_they_stand_in_the_file(degree: Any) -> None:
    loaded = degree.load("project_feedback", TWO)
    assert loaded.rows == 2
    assert degree.rows(
        "SELECT user_id, submit_date::text, text, rating, load_month::text FROM {project_feedback} ORDER BY 1"
    ) == [
        (1, "2019-01-01 00:00:00", 'good, but "long"\nand köstlich', 3, JANUARY),
        (2, "2019-01-01 00:00:00.5", None, 2, JANUARY),
    ]


def test_the_ledger_tells_what_became_of_the_file(degree: Any) -> None:
    loaded = degree.load("project_feedback", TWO)
    entry = degree.status("project_feedback")
    head = degree.provisioned.s3.head_object(
        Bucket=degree.provisioned.settings.bucket, Key=degree.key("project_feedback")
    )
    assert (entry.status, entry.records, entry.loaded) == (ledger.LOADED, 2, 2)
    assert entry.copy_query_id == loaded.query_id
    assert (entry.etag, entry.version_id) == (head["ETag"].strip('"'), head["VersionId"])
    assert entry.s3_url == f"s3://{degree.provisioned.settings.bucket}/{degree.key('project_feedback')}"


def test_loading_again_replaces_the_month_and_leaves_the_others(degree: Any) -> None:
    degree.load("project_feedback", TWO)
    degree.load("project_feedback", "1,11,1548979200000,later,1\n", FEBRUARY)
    first = degree.load("project_feedback", "2,20,1546300800000,new,1\n")
    again = degree.load("project_feedback")
    assert again.query_id > first.query_id
    assert degree.rows("SELECT user_id, project_id, load_month::text FROM {project_feedback} ORDER BY 3") == [
        (2, 20, JANUARY),
        (1, 11, FEBRUARY),
    ]


def test_only_the_named_object_is_loaded_not_those_that_begin_alike(degree: Any) -> None:
    degree.put("project_feedback", TWO)
    degree.provisioned.put(degree.key("project_feedback") + ".bak", "h\n9,9,1546300800000,old,1\n")
    assert degree.load("project_feedback").rows == 2


def test_an_error_before_the_commit_leaves_what_was_there(degree: Any) -> None:
    degree.load("project_feedback", TWO)
    degree.put("project_feedback", "1,10,1546300800000,new,1\n")
    order = degree.order("project_feedback")
    version = load.look_up(degree.provisioned.s3, order)

    def crash(cursor: Any) -> None:
        load.replace(cursor, order, version)
        raise RuntimeError("the worker is gone")

    with pytest.raises(RuntimeError, match="the worker is gone"):
        in_transaction(degree.provisioned.connect, crash)
    assert degree.rows("SELECT COUNT(*) FROM {project_feedback}") == [(2,)]
    assert degree.status("project_feedback").records == 2


def test_a_file_replaced_while_it_is_loaded_is_noticed(degree: Any) -> None:
    degree.put("project_feedback", TWO)
    s3 = degree.provisioned.s3
    obj = load.look_up(s3, degree.order("project_feedback")).obj
    objects.ensure_unchanged(s3, obj)
    degree.put("project_feedback", "1,10,1546300800000,new,1\n")
    with pytest.raises(objects.ObjectChanged, match=r"project_feedback\.csv was replaced"):
        objects.ensure_unchanged(s3, obj)
    s3.delete_object(Bucket=obj.bucket, Key=obj.key)
    with pytest.raises(objects.ObjectChanged):
        objects.ensure_unchanged(s3, obj)


def test_records_are_counted_in_the_version_that_was_looked_up(degree: Any) -> None:
    degree.put("project_feedback", TWO)
    obj = load.look_up(degree.provisioned.s3, degree.order("project_feedback")).obj
    degree.put("project_feedback", "")
    assert objects.count_records(degree.provisioned.s3, obj) == 2


def test_a_missing_file_is_named_by_its_key(degree: Any) -> None:
    with pytest.raises(objects.MissingObject, match=r"s3://.*/2019/1/video_log.csv does not exist"):
        degree.load("video_log")


def test_refused_rows_do_not_keep_the_good_ones_out(degree: Any) -> None:
    assert degree.load("project_feedback", TWO + "x,10,1546300800000,bad,1\n").rows == 2


def test_a_dimension_with_a_refused_row_keeps_its_previous_rows(degree: Any, dimensions: None) -> None:
    head = b"project_id,section_id,project_name,section_name,degree_name\n"
    good = degree.provisioned.s3.get_object(
        Bucket=degree.provisioned.settings.bucket, Key="dimensional_tables/projects_dim.csv"
    )["Body"].read()
    degree.provisioned.put("dimensional_tables/projects_dim.csv", head + b"10,1,New,Start,d\nx,1,Bad,Start,d\n")
    with pytest.raises(load.Refused, match=r"3 +project_id +'x'") as refused:
        degree.load("projects_dim")
    assert "2 records, 1 loaded, 1 refused, so projects_dim keeps its previous rows" in str(refused.value)
    assert degree.rows("SELECT COUNT(*), MIN(project_name) FROM {projects_dim}") == [(3, "Bikes")]
    degree.provisioned.put("dimensional_tables/projects_dim.csv", good)


def test_too_long_a_text_is_refused_not_cut(degree: Any) -> None:
    text = "ü" * 10_001
    loaded = degree.load("project_feedback", f"1,10,1546300800000,{text},1\n2,10,1546300800000,{text[:-1]},1\n")
    assert loaded.rows == 1
    assert degree.rows("SELECT OCTET_LENGTH(text) FROM {project_feedback}") == [(20_000,)]


@pytest.mark.parametrize(
    ("text", "count"),
    [
        (b"", 0),
        (b"h\n", 1),
        (b"h\na\nb\n", 3),
        (b"h\na\nb", 3),
        (b'h\n"a\nb",c\n', 2),
        (b'h\n"a""\nb"\n', 2),
        (b'h\n"a\r\nb"\r\nc\r\n', 3),
        (b"h\n\na\n", 3),
        (b'h\n"open\n', 2),
        (b'h\na"b,c\nd\n', 3),
        (b"h\na\0b\rc\n", 2),
    ],
)
@pytest.mark.parametrize("size", [1, 2, 1000])
def test_records_are_counted_whatever_the_chunks(text: bytes, count: int, size: int) -> None:
    assert records.count(text[at : at + size] for at in range(0, len(text), size)) == count


def serialization_failure() -> psycopg2.Error:
    """What Redshift says; the local endpoint never does, so a test has to say it."""
    return psycopg2.errors.InternalError_("1023\nDETAIL:  Serializable isolation violation on table - 100123\n")


def test_a_serialization_failure_is_tried_again(provisioned: Any) -> None:
    pauses: list[float] = []
    tries = []

    def work(cursor: Any) -> int:
        tries.append(cursor)
        if len(tries) < 3:
            raise serialization_failure()
        return 7

    assert in_transaction(provisioned.connect, work, pauses.append) == 7
    assert pauses == [1.0, 2.0]


def test_other_errors_and_a_sixth_serialization_failure_are_raised(provisioned: Any) -> None:
    pauses: list[float] = []

    def never(cursor: Any) -> None:
        raise serialization_failure()

    with pytest.raises(psycopg2.Error, match="1023"):
        in_transaction(provisioned.connect, never, pauses.append)
    assert len(pauses) == 5
    with pytest.raises(psycopg2.ProgrammingError):
        in_transaction(provisioned.connect, lambda cursor: cursor.execute("SELECT 1023 FROM nowhere"), pauses.append)
    assert len(pauses) == 5
