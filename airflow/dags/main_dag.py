"""Load each month's learning data from S3 into Redshift, then rebuild the facts; warehouse/catalog.py lists all."""

from datetime import datetime, timedelta

from airflow_compat import DAG
from alerts import on_failure, to_log
from operators.create_table import CreateTableOperator
from operators.settled import SettledOperator
from subdags.build_fact import build_fact
from subdags.stage_dimension import stage_dimension
from subdags.stage_fact import stage_fact
from warehouse import settings
from warehouse.build import expected_facts, expected_tables
from warehouse.catalog import DIMENSIONS, FACTS, SOURCES
from warehouse.dictionary import overview

degree_list = ["data_science", "data_analytics", "data_engineering"]

with DAG(
    "online_learning_analytics",
    description="Students' activity from S3 into Redshift, every month",
    schedule="@monthly",
    start_date=datetime(2019, 1, 1),
    end_date=datetime(2019, 2, 1),
    catchup=True,
    max_active_runs=1,
    max_active_tasks=64,
    dagrun_timeout=timedelta(hours=settings.load().deadline_hours),
    on_failure_callback=on_failure(to_log),
    default_args={"owner": "data_engineering", "retries": 2, "retry_delay": timedelta(seconds=10)},
    tags=["online learning", "redshift"],
    doc_md=overview(degree_list),
) as dag:
    begin = CreateTableOperator(task_id="Begin_execution", with_ledger=True)
    settled = SettledOperator(
        task_id="Settled",
        trigger_rule="all_done",
        tables=expected_tables(degree_list),
        facts=expected_facts(degree_list),
    )

    staged = {source.name: stage_dimension(source, dag) for source in DIMENSIONS}
    staged.update({source.name: stage_fact(source, degree_list, dag) for source in SOURCES})
    begin >> list(staged.values())
    for source in SOURCES:
        [staged[name] for name in source.reads] >> staged[source.name]
    for fact in FACTS:
        [staged[name] for name in fact.reads] >> build_fact(fact, degree_list, dag) >> settled
