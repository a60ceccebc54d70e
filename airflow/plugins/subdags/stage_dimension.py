"""Stage one dimension: reloaded whole, each run."""

from __future__ import annotations

from typing import Any

from airflow_compat import DAG, subdag
from operators.create_table import CreateTableOperator
from operators.data_quality import DataQualityOperator
from operators.s3_to_redshift import S3ToRedshiftOperator
from subdags.stage_fact import MONTH, YEAR
from warehouse.dictionary import about_source, checks_of
from warehouse.model import Source

DIMENSION_COLOR = "#d0e0e3"


def stage_dimension(source: Source, dag: DAG) -> Any:
    """Return the node ``stage_<dimension>``: create, load and data_quality.

    There is no stl_check: a refused row rolls the load back, so that the previous rows stay.
    """

    def fill() -> None:
        create = CreateTableOperator(task_id="create", tables=[source.table()])
        load = S3ToRedshiftOperator(task_id="load", source=source, s3_key=source.s3_key(None, YEAR, MONTH))
        data_quality = DataQualityOperator(task_id="data_quality", source=source, doc_md=checks_of(source, source.name))
        create >> load >> data_quality

    return subdag(dag, f"stage_{source.name}", fill, color=DIMENSION_COLOR, doc_md=about_source(source))
