"""The whole pipeline in a folder of its own."""

from __future__ import annotations

import pytest
from whole_laptop import Laptop


@pytest.fixture(scope="module")
def laptop(tmp_path_factory: pytest.TempPathFactory) -> Laptop:
    return Laptop(tmp_path_factory.mktemp("laptop"))
