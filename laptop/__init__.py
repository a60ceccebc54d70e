"""The whole pipeline on one machine: the local AWS, Airflow and its database, started, watched and stopped together."""
