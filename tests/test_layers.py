"""Imports run one way: warehouse -> operators -> subdags -> dags; the local AWS knows nothing of the pipeline."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
PLUGINS = REPOSITORY / "airflow" / "plugins"

# Each layer, where it lies, and which of our own packages (and Airflow) it may import besides itself.
LAYERS = {
    "warehouse": (PLUGINS / "warehouse", set()),
    "airflow_compat": (PLUGINS / "airflow_compat.py", {"airflow"}),
    "operators": (PLUGINS / "operators", {"warehouse", "airflow_compat"}),
    "alerts": (PLUGINS / "alerts.py", {"operators", "warehouse"}),
    "subdags": (PLUGINS / "subdags", {"operators", "warehouse", "airflow_compat"}),
    "dags": (REPOSITORY / "airflow" / "dags", {"alerts", "subdags", "operators", "warehouse", "airflow_compat"}),
    "scripts": (REPOSITORY / "airflow" / "scripts", {"airflow", "warehouse"}),
    "local_aws": (REPOSITORY / "local_aws", set()),
    "iac": (REPOSITORY / "iac", {"warehouse"}),
    "generator": (REPOSITORY / "generator", {"warehouse"}),
    "laptop": (REPOSITORY / "laptop", {"generator", "local_aws", "warehouse"}),
}
OURS = {*LAYERS, "airflow"}


def imported(source: str) -> set[str]:
    """The top-level packages that a module imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


@pytest.mark.parametrize("layer", LAYERS)
def test_a_layer_imports_only_what_lies_below_it(layer: str) -> None:
    place, below = LAYERS[layer]
    files = [place] if place.is_file() else sorted(place.rglob("*.py"))
    assert files
    upward = {
        str(file.relative_to(REPOSITORY)): sorted((imported(file.read_text("utf-8")) & OURS) - below - {layer})
        for file in files
    }
    assert {file: names for file, names in upward.items() if names} == {}


# The rooms of the Redshift endpoint, from the lowest up, and the two modules that put them together.
ROOMS = ["rows", "sql", "protocol", "loading", "system", "session", "endpoint"]


@pytest.mark.parametrize("room", ROOMS[:5])
def test_a_room_of_the_redshift_endpoint_uses_only_those_below_it(room: str) -> None:
    files = sorted((REPOSITORY / "local_aws" / "redshift" / room).glob("*.py"))
    nodes = [node for file in files for node in ast.walk(ast.parse(file.read_text("utf-8")))]
    modules = [(node.module or "").split(".") for node in nodes if isinstance(node, ast.ImportFrom)]
    used = {names[2] for names in modules if names[:2] == ["local_aws", "redshift"]}
    assert room in used or room == "system"
    assert used & {*ROOMS[ROOMS.index(room) + 1 :]} == set()


def test_imports_are_found_wherever_they_stand() -> None:
    source = "import iac.bucket\ndef late():\n    from warehouse.model import Check\n    from . import here\n"
    assert imported(source) == {"iac", "warehouse"}


def test_no_package_shadows_the_installed_airflow() -> None:
    assert not (REPOSITORY / "airflow" / "__init__.py").exists()


def test_airflow_does_not_import_plugins_under_bare_names() -> None:
    """Airflow imports every file under plugins/ that .airflowignore does not name: the plugin alone is to be found."""
    ignored = set((PLUGINS / ".airflowignore").read_text("utf-8").split())
    entries = {entry.name for entry in PLUGINS.iterdir() if not entry.name.startswith((".", "__"))}
    assert entries - ignored == {"airflow_compat.py"}
    assert ignored <= entries
