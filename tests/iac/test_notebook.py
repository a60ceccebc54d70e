"""iac_notebook.ipynb from top to bottom against the local AWS: once, again, with wrong settings, and to the end."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import boto3
import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from local_aws.testing import AwsProcess
from warehouse import ddl, ledger, repairs
from warehouse.catalog import DIMENSIONS, FACTS, SOURCES, STAGED
from warehouse.load import Order
from warehouse.load import load as load_month
from warehouse.login import connect, login
from warehouse.redshift import Cursor, in_transaction
from warehouse.settings import CFG, load, overlay_path
from warehouse.settlement import settle

REPOSITORY = Path(__file__).resolve().parents[2]
NOTEBOOK = REPOSITORY / "iac_notebook.ipynb"
NAME = "online-learning-analytics"


def read() -> nbformat.NotebookNode:
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    return notebook


class Desk:
    """Where somebody runs the notebook: a local AWS, and a cfg of one's own."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.cfg = folder / "udacity_dwh.cfg"
        self.environment = environment
        shutil.copy(CFG, self.cfg)

    def run(self, **changes: str) -> str:
        """Run all cells; ``changes`` replace lines of code. Returns what they show, without what they complain of."""
        notebook = read()
        (parameters,) = [cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])]
        parameters.source = f"config = {str(self.cfg)!r}"
        for cell in notebook.cells:
            for was, becomes in changes.items():
                if cell.cell_type == "code":
                    cell.source = cell.source.replace(f'{was} = ""', f'{was} = "{becomes}"')
        with pytest.MonkeyPatch.context() as patch:
            for name, value in self.environment.items():
                patch.setenv(name, value)
            patch.chdir(REPOSITORY)
            NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
        return "".join(
            json.dumps(output, ensure_ascii=False).replace("\\n", "\n")
            for cell in notebook.cells
            if cell.cell_type == "code"
            for output in cell.outputs
        )


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("desk")
    with AwsProcess(folder / "aws") as aws:
        yield Desk(folder, aws.environment())


def test_no_output_is_kept_in_git() -> None:
    code = [cell for cell in read().cells if cell.cell_type == "code"]
    assert [cell.outputs for cell in code] == [[]] * len(code)
    assert {cell.execution_count for cell in code} == {None}


@pytest.mark.parametrize(
    ("was", "becomes", "told"),
    [
        ("pipeline_user = loader", "", "No option 'pipeline_user' in section: 'redshift'"),
        ("node_type = ra3.large", "node_type = dc2.large", "node_type = dc2.large: AWS makes no more DC2"),
        ("ingress =", "ingress = 0.0.0.0/0", "ingress = 0.0.0.0/0: that is the whole internet"),
    ],
)
def test_a_missing_or_wrong_setting_is_named_and_nothing_is_made(desk: Desk, was: str, becomes: str, told: str) -> None:
    text = CFG.read_text("utf-8")
    desk.cfg.write_text(text.replace(f"\n{was}\n", f"\n{becomes}\n"), "utf-8")
    with pytest.raises(CellExecutionError) as caught:
        desk.run()
    desk.cfg.write_text(text, "utf-8")
    assert caught.value.ename == "SettingsError"
    assert str(desk.cfg) in caught.value.evalue
    assert told in caught.value.evalue
    assert not overlay_path(desk.cfg).exists()


def test_from_nothing_to_a_warehouse(desk: Desk) -> None:
    shown = desk.run()
    for line in (
        f"bucket {NAME}: created",
        "27 files sent",
        f"cluster {NAME}: available at 127.0.0.1:",
        "access: made group data_engineers, ",
        "cost: 0.54 USD an hour",
        "can be reached from here",
        f"This would be deleted, if the name were {NAME}:",
        "Nothing was deleted.",
    ):
        assert line in shown
    assert "100%" in shown  # the bar of the upload
    assert load(desk.cfg).role_arn


def test_again_it_is_all_there_and_the_tables_are_shown(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in desk.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("boto3.DEFAULT_SESSION", None)
    settings = load(desk.cfg)
    who = login(settings)
    with closing(connect(settings, who)) as connection, connection, connection.cursor() as cursor:
        for table in (
            *(source.table() for source in DIMENSIONS),
            *(source.table("data_science") for source in SOURCES),
            *(fact.table("data_science") for fact in FACTS),
        ):
            cursor.execute(ddl.create_table(table))
        cursor.execute("INSERT INTO videos_dim VALUES (7, 'A Look at Trees', 'Start', 'data_science')")
    shown = desk.run()
    for thing in (
        f"bucket {NAME}",
        f"role {NAME}-copy",
        f"policy {NAME}-analysts",
        f"cluster {NAME}",
        f"overlay {overlay_path(desk.cfg)}",
        "access",
    ):
        assert f"{thing}: already there" in shown
    assert "0 files sent (0 bytes), 27 already there" in shown
    assert "A Look at Trees" in shown
    assert "data_science_avg_project_rating" in shown
    assert who.password not in shown
    assert "created" not in shown.replace("since it was created", "")


def test_refused_rows_are_mended_in_it(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    table, sheet = "data_science_project_feedback", REPOSITORY / "data_science_project_feedback.csv"
    refuse_a_row(desk, monkeypatch)
    try:
        shown = desk.run(mend=table)
        assert f"2019-01  {table}: refused, 1 rows wait" in shown
        assert "line 3: rating: Invalid digit" in shown
        text = sheet.read_text("utf-8-sig")
        sheet.write_text(text.replace(",three,", ",3,"), "utf-8-sig")
        shown = desk.run(mended=table)
    finally:
        sheet.unlink(missing_ok=True)
    assert f"1 rows were put into {table}; 0 are still wrong." in shown
    assert "Next: clear stage_project_feedback.data_science_stl_check of January 2019" in shown
    with closing(connect(load(desk.cfg))) as connection, connection.cursor() as cursor:
        cursor.execute(f"SELECT user_id, rating FROM {table} WHERE load_month = '2019-01-01' ORDER BY 1")  # noqa: S608
        assert cursor.fetchall() == [(1, 2), (2, 3)]


def refuse_a_row(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Load a month of two records, one of them refused."""
    for name, value in desk.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("boto3.DEFAULT_SESSION", None)
    settings, s3 = load(desk.cfg), boto3.client("s3")
    source = replace(STAGED["project_feedback"], max_refused_share=0.5)
    key = source.s3_key("data_science", "2019", "1")
    rows = b"user_id,project_id,submit_date,text,rating\n1,101,1546300800000,a,2\n2,101,1546300800000,b,three\n"
    s3.put_object(Bucket=settings.bucket, Key=key, Body=rows)
    about = (settings.bucket, key, settings.role_arn or "", settings.region, "a test")

    def make(cursor: Cursor) -> None:
        ledger.create(cursor)
        repairs.create(cursor)

    in_transaction(lambda: connect(settings), make)
    load_month(lambda: connect(settings), s3, Order(source, "data_science", "2019-01-01", *about))
    settle(lambda: connect(settings), s3, source, "data_science", "2019-01-01", "a test")


def test_with_the_clusters_name_it_deletes_all_of_it(desk: Desk) -> None:
    shown = desk.run(delete=NAME)
    assert "This will be deleted:" in shown
    assert "kept, and billed by its size until you delete it" in shown
    assert "no more than that is left." in shown
    assert not overlay_path(desk.cfg).exists()
