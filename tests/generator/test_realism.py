"""The students behave as students do, and those who leave do so for reasons that show in the files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from generator import Options, generate
from generator.curriculum import DEGREES
from generator.enrolment import takes

SAMPLE = Path(__file__).resolve().parents[2] / "sample_data"
TAUGHT = ("data_science", "data_analytics", "data_engineering")


def read(degree: str, month: int, source: str, folder: Path = SAMPLE) -> pd.DataFrame:
    return pd.read_csv(folder / degree / "2019" / str(month) / f"{source}.csv")


def everything(source: str) -> pd.DataFrame:
    return pd.concat([read(degree, month, source) for degree in TAUGHT for month in (1, 2)], ignore_index=True)


def january(degree: str) -> pd.DataFrame:
    """What is known of each student at the end of January, and whether they have left by February.

    Those who finished in January are not among them.
    """
    log = read(degree, 1, "video_log")
    students = log.groupby("user_id").agg(videos=("video_id", "size"), reached=("video_id", "max"))
    ratings = [read(degree, 1, f"{about}_feedback")[["user_id", "rating"]] for about in ("project", "section")]
    low = pd.concat(ratings).query("rating == 1").groupby("user_id").size()
    questions = read(degree, 1, "mentor_activity")
    silence = questions[questions["answer_date"].isna()].groupby("user_id").size()
    students["bad_ratings"] = low.reindex(students.index, fill_value=0)
    students["unanswered"] = silence.reindex(students.index, fill_value=0)
    sections = read(degree, 1, "section_feedback")
    finished = sections[sections["section_id"] == DEGREES[degree].sections[-1].section_id]["user_id"]
    students["left"] = ~students.index.isin(read(degree, 2, "video_log")["user_id"])
    return students[~students.index.isin(finished)]


@pytest.fixture(scope="module")
def months() -> dict[str, pd.DataFrame]:
    return {degree: january(degree) for degree in TAUGHT}


@pytest.mark.parametrize("reason", ["bad_ratings", "unanswered"])
def test_more_leave_after_bad_ratings_and_silence(months: dict[str, pd.DataFrame], reason: str) -> None:
    students = pd.concat(months.values())
    often = students[students[reason] >= (2 if reason == "bad_ratings" else 1)]["left"].mean()
    never = students[students[reason] == 0]["left"].mean()
    assert often > 2 * never


def test_a_simple_model_tells_who_leaves(months: dict[str, pd.DataFrame]) -> None:
    """Logistic regression learnt from two degrees ranks the students of the third."""
    learnt = pd.concat([months["data_science"], months["data_analytics"]])
    unseen = months["data_engineering"]
    reasons = ["videos", "bad_ratings", "unanswered"]
    weights = fit(learnt[reasons].to_numpy(float), learnt["left"].to_numpy(float))
    assert area_under_curve(unseen[reasons].to_numpy(float) @ weights, unseen["left"].to_numpy(bool)) > 0.75
    assert weights[0] < 0 < min(weights[1:])
    shuffled = np.random.default_rng(1).permutation(unseen["left"].to_numpy(bool))
    assert abs(area_under_curve(unseen[reasons].to_numpy(float) @ weights, shuffled) - 0.5) < 0.1


def fit(features: np.ndarray, outcome: np.ndarray) -> np.ndarray:
    """Weights of a logistic regression by gradient descent, for features as they are."""
    mean, spread = features.mean(axis=0), features.std(axis=0)
    scaled = np.column_stack([(features - mean) / spread, np.ones(len(features))])
    weights = np.zeros(scaled.shape[1])
    for _ in range(500):
        predicted = 1 / (1 + np.exp(-scaled @ weights))
        weights += 0.5 * scaled.T @ (outcome - predicted) / len(outcome)
    return np.asarray(weights[:-1] / spread)


def area_under_curve(score: np.ndarray, outcome: np.ndarray) -> float:
    """How often one who left has a higher score than one who stayed."""
    left, stayed = score[outcome][:, None], score[~outcome]
    return float((left > stayed).mean() + (left == stayed).mean() / 2)


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """A year of one degree: how many videos, the first and the last of them, by student (rows) and month (columns)."""
    folder = tmp_path_factory.mktemp("year")
    generate(Options(to=str(folder), students=30_000, degrees=("data_science",)))
    logs = pd.concat([read("data_science", m, "video_log", folder).assign(month=m) for m in range(1, 13)])
    return logs.groupby(["user_id", "month"])["video_id"].agg(["size", "min", "max"]).unstack()


def test_activity_falls_before_a_student_leaves(year: pd.DataFrame) -> None:
    videos, reached = year["size"], year["max"].max(axis=1)
    last = 12 - videos.notna().to_numpy()[:, ::-1].argmax(axis=1)
    end = DEGREES["data_science"].videos[-1][0]
    gone = videos[(last <= 11) & (reached < end - 3) & (videos.notna().sum(axis=1) >= 4)]
    assert len(gone) > 100
    final = [gone.loc[student].dropna().iloc[-1] for student in gone.index]
    before = [gone.loc[student].dropna().iloc[-4] for student in gone.index]
    assert np.mean(final) < 0.7 * np.mean(before)


def test_some_finish_and_some_drop_out(year: pd.DataFrame) -> None:
    videos = [video_id for video_id, _, _ in DEGREES["data_science"].videos]
    began = year[year["min"][1].isna() & (year["min"][2] <= videos[3])]
    assert len(began) > 100
    assert 0.3 < (began["max"].max(axis=1) >= videos[-3]).mean() < 0.7


def test_sections_are_taken_in_order() -> None:
    first, second = (read("data_science", month, "section_feedback") for month in (1, 2))
    both = first.groupby("user_id")["section_id"].max().to_frame("before")
    both["after"] = second.groupby("user_id")["section_id"].min()
    both = both.dropna()
    assert len(both) > 100
    assert (both["before"] < both["after"]).all()


def test_a_student_takes_one_to_three_degrees() -> None:
    students = np.arange(1, 10_001)
    taken = np.bincount(
        np.concatenate([takes(2019, degree, students) for degree in DEGREES.values()]), minlength=10_001
    )
    counts = np.bincount(taken[1:], minlength=4)
    assert counts[0] == 0
    assert len(counts) == 4
    assert counts[1] > counts[2] > counts[3] > 0


def test_views_have_a_heavy_tail() -> None:
    views = everything("video_log")["views_per_user"].sort_values(ascending=False)
    assert views.median() == 1
    assert views.head(len(views) // 100).sum() > 0.2 * views.sum()


def test_ratings_depend_on_the_project() -> None:
    feedback = everything("project_feedback")
    assert feedback["rating"].value_counts(normalize=True).min() > 0.15
    by_project = feedback.groupby("project_id")["rating"].mean()
    assert by_project.max() - by_project.min() > 0.8


def test_mentors_answer_most_questions_within_hours_to_days() -> None:
    questions = everything("mentor_activity")
    silent = questions["answer_date"].isna()
    assert 0.1 < silent.mean() < 0.22
    assert (silent == questions["answer_text"].isna()).all()
    assert (silent == questions["answer_score"].isna()).all()
    hours = (
        pd.to_datetime(questions["answer_date"]) - pd.to_datetime(questions["post_date"])
    ).dt.total_seconds() / 3600
    assert hours.min() > 0
    assert 2 < hours.median() < 48
    assert hours.max() <= 240


def test_texts_have_a_long_tail_and_what_csv_makes_hard() -> None:
    answers = everything("mentor_activity")[["post_text", "answer_text"]].stack()
    texts = pd.concat([everything("project_feedback")["text"], everything("section_feedback")["text"], answers])
    length = texts.str.len()
    assert 150 < length.median() < 250
    assert 4_500 < length.max() < 7_000
    assert 0.12 < texts.str.contains("\n").mean() < 0.18
    assert 0.04 < (~texts.map(str.isascii)).mean() < 0.07
    assert texts.str.contains(",").mean() > 0.5
    assert texts.str.contains('"').mean() > 0.15
