"""data_generator.ipynb runs from top to bottom, and is kept without what it printed."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from generator import Options, generate

NOTEBOOK = Path(__file__).resolve().parents[2] / "data_generator.ipynb"
SMALL = {
    "students": 4_000,
    "degrees": ("data_science", "machine_learning"),
    "years": (2020,),
    "months": (1, 2, 3, 4, 5, 6),
}


def read() -> nbformat.NotebookNode:
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    return notebook


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("made")


@pytest.fixture(scope="module")
def run(folder: Path) -> nbformat.NotebookNode:
    """The notebook after a run with few students; a cell that fails fails the test with its traceback."""
    notebook = read()
    (parameters,) = [cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])]
    values = {"folder": str(folder), **SMALL}
    parameters.source += "".join(f"\n{name} = {value!r}" for name, value in values.items())
    NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    return notebook


def outputs(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]


def test_no_output_is_kept_in_git() -> None:
    notebook = read()
    assert not outputs(notebook)
    assert {cell.execution_count for cell in notebook.cells if cell.cell_type == "code"} == {None}


def test_it_makes_the_files_that_the_command_makes(run: nbformat.NotebookNode, folder: Path, tmp_path: Path) -> None:
    generate(Options(to=str(tmp_path), **SMALL))
    made = [path.relative_to(tmp_path) for path in tmp_path.rglob("*.csv")]
    assert len(made) == 2 * 6 * 4 + 3
    assert all((folder / path).read_bytes() == (tmp_path / path).read_bytes() for path in made)


def test_it_shows_plots_and_a_summary_and_nothing_goes_wrong(run: nbformat.NotebookNode) -> None:
    shown = outputs(run)
    assert sum("image/png" in output.get("data", {}) for output in shown) == 5
    printed = "".join(output.text for output in shown if output.output_type == "stream" and output.name == "stdout")
    assert "51 files, " in printed
    complaints = "".join(output.text for output in shown if output.output_type == "stream" and output.name == "stderr")
    assert "Warning" not in complaints


def test_it_lists_ten_bad_rows(run: nbformat.NotebookNode) -> None:
    table = run.cells[-1].outputs[-1].data["text/plain"]
    assert "multi_line_text_and_wrong_number" in table
    assert len(table.split("\n\n")[0].splitlines()) == 11
