"""Every case of ``cases/*.yaml``, on the local endpoint or on the cluster that REDSHIFT_DSN names."""

from __future__ import annotations

from uuid import uuid4

import pytest

from .case import Case, topics
from .run import Run, Target

CASES = [case for topic in topics() for case in topic.cases]


@pytest.mark.parametrize("case", CASES, ids=[f"{case.topic}: {case.name}" for case in CASES])
def test_case(target: Target, case: Case) -> None:
    if case.local_only and not target.local:
        pytest.skip("says nothing of a real cluster")
    if case.loads and target.s3 is None:
        pytest.skip("needs REDSHIFT_BUCKET and REDSHIFT_ROLE")
    Run(target, case, f"conformance_{uuid4().hex[:12]}").run()
