"""The six facts, worked out by hand on a month of two students."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from warehouse import ledger
from warehouse.catalog import FACTS, STAGED
from warehouse.facts import parse_fact
from warehouse.redshift import in_transaction

HOUR = 3_600_000
START = 1_546_300_800_000  # 2019-01-01 00:00 UTC

FEEDBACK = [(1, 10, 3), (2, 10, 2), (1, 20, 1), (2, 20, 2)]
# Section 1 has two projects: joined to them, each of its ratings would count twice.
SECTION_FEEDBACK = [(1, 1, 3), (2, 1, 3), (1, 2, 1)]
# 100: seen within one hour of the clock, and over 25 strikes of it; 200: within a minute, but the clock strikes.
VIDEO_LOG = [
    (1, 100, START, START + HOUR - 1, 4),
    (2, 100, START, START + 25 * HOUR, 3),
    (1, 200, START + HOUR - 30_000, START + HOUR + 30_000, 1),
]
MENTOR_ACTIVITY = (
    "1,1,10,2019-01-05 10:00:00,A,a,5,2019-01-06 10:00:00,x,1\n"
    "2,1,11,2019-01-05 10:00:00,B,b,7,,,\n"
    "1,2,20,2019-01-05 11:00:00,C,c,5,2019-01-07 10:00:00,y,9\n"
    "2,2,20,2019-01-05 12:00:00,D,d,,2019-01-07 10:00:00,z,1\n"
)


@pytest.fixture
def month(degree: Any, dimensions: None) -> Any:
    """The degree with all four files of January loaded, and files of February that must not count."""
    for rows, source in ((FEEDBACK, "project_feedback"), (SECTION_FEEDBACK, "section_feedback")):
        degree.load(source, "".join(f"{user},{item},{START},t,{rating}\n" for user, item, rating in rows))
        degree.load(source, f"1,{rows[0][1]},1548979200000,t,1\n", "2019-02-01")
    degree.load("video_log", "".join(f"{u},{v},d,{first},{last},{n}\n" for u, v, first, last, n in VIDEO_LOG))
    degree.load("mentor_activity", MENTOR_ACTIVITY)
    return degree


def test_avg_project_rating(month: Any) -> None:
    assert month.build("avg_project_rating") == [(10, "Titanic", Decimal("2.5"), 2), (20, "Bikes", Decimal("1.5"), 2)]


def test_avg_section_rating(month: Any) -> None:
    assert month.build("avg_section_rating") == [(1, "Start", Decimal("3.0"), 2), (2, "Regression", Decimal("1.0"), 1)]


def test_avg_video_views_per_user(month: Any) -> None:
    assert month.build("avg_video_views_per_user") == [
        (100, "Hello", "Start", Decimal("3.50"), 2),
        (200, "Lines", "Regression", Decimal("1.00"), 1),
    ]


def test_avg_video_view_range(month: Any) -> None:
    assert month.build("avg_video_view_range") == [
        (100, "Hello", "Start", Decimal("12.50"), 2),
        (200, "Lines", "Regression", Decimal("1.00"), 1),
    ]


@pytest.mark.parametrize(
    ("fact", "ranks"),
    [
        ("highest_prompt_score", {"B": 1, "A": 2, "C": 2, "D": 4}),
        ("highest_answer_score", {"C": 1, "A": 2, "D": 2, "B": 4}),
    ],
)
def test_ranks_share_places_and_put_no_score_last(month: Any, fact: str, ranks: dict[str, int]) -> None:
    rows = month.build(fact)
    assert {row[4]: row[-1] for row in rows} == ranks
    assert {len(row) for row in rows} == {len(STAGED["mentor_activity"].columns) + 1}


def test_building_again_replaces_the_month_alone(month: Any) -> None:
    for source in ("project_feedback",):
        assert month.build("avg_project_rating", "2019-02-01") == [(10, "Titanic", Decimal("1.0"), 1)]
        first = month.build("avg_project_rating")
        month.load(source, "1,10,1546300800000,t,1\n")
        assert month.build("avg_project_rating") == [(10, "Titanic", Decimal("1.0"), 1)]
    assert len(first) == 2
    name = f"{month.degree}_avg_project_rating"
    assert month.provisioned.rows(f"SELECT COUNT(*) FROM {name}") == [(2,)]  # noqa: S608


def test_the_ledger_knows_from_which_copies_a_fact_was_built(month: Any) -> None:
    fact, reads = f"{month.degree}_avg_project_rating", [month.table("project_feedback"), "projects_dim"]

    def problems() -> list[str]:
        def work(cursor: Any) -> list[str]:
            return ledger.not_built(ledger.status(cursor, [fact, *reads], "2019-01-01"), {fact: reads})

        return in_transaction(month.provisioned.connect, work)

    assert problems() == [f"{fact}: not built for this month. See the log of its tasks."]
    month.build("avg_project_rating")
    assert problems() == []
    month.load("project_feedback")
    assert problems() == [f"{fact}: older than what it reads. See the log of its tasks."]


def test_every_fact_says_what_it_is_and_reads_what_the_catalog_knows() -> None:
    assert {fact.name for fact in FACTS} == {
        "avg_project_rating",
        "avg_section_rating",
        "avg_video_view_range",
        "avg_video_views_per_user",
        "highest_answer_score",
        "highest_prompt_score",
    }
    assert all(fact.about and fact.reads for fact in FACTS)


def test_a_fact_that_reads_an_unknown_table_is_refused() -> None:
    with pytest.raises(ValueError, match=r"facts/new.sql reads \['videos'\], which the catalog does not know"):
        parse_fact("new", "-- About.\n-- column n INTEGER: rows\nSELECT COUNT(*) FROM {videos}", STAGED)
    with pytest.raises(ValueError, match=r"facts/new.sql declares no column"):
        parse_fact("new", "SELECT 1", STAGED)
