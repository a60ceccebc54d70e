"""Stage one monthly source: a chain of tasks for each degree."""

from __future__ import annotations

from typing import Any, Sequence

from airflow_compat import DAG, subdag
from operators.create_table import CreateTableOperator
from operators.data_quality import DataQualityOperator
from operators.s3_to_redshift import S3ToRedshiftOperator
from operators.stl_check import STLCheckOperator
from warehouse.dictionary import about_source, checks_of, refused_rows_of
from warehouse.model import Source

YEAR, MONTH = "{{ ds[:4] }}", "{{ ds[5:7] | int }}"


def stage_fact(source: Source, degree_list: Sequence[str], dag: DAG) -> Any:
    """Return the node ``stage_<source>``: create, load, stl_check and data_quality for each degree.

    It runs even if a dimension failed: files are loaded and refused rows set aside, and only the checks that look
    into that dimension wait.
    """

    def fill() -> None:
        for degree in degree_list:
            create = CreateTableOperator(task_id=f"{degree}_create", tables=[source.table(degree)])
            load = S3ToRedshiftOperator(
                task_id=f"{degree}_load", source=source, degree=degree, s3_key=source.s3_key(degree, YEAR, MONTH)
            )
            table = source.table_name(degree)
            stl_check = STLCheckOperator(
                task_id=f"{degree}_stl_check", source=source, degree=degree, doc_md=refused_rows_of(table)
            )
            data_quality = DataQualityOperator(
                task_id=f"{degree}_data_quality", source=source, degree=degree, doc_md=checks_of(source, table)
            )
            create >> load >> stl_check >> data_quality

    return subdag(
        dag,
        f"stage_{source.name}",
        fill,
        color=S3ToRedshiftOperator.ui_color,
        doc_md=about_source(source, degree_list),
        trigger_rule="all_done",
    )
