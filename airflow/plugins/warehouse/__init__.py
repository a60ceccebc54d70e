"""The nouns of the pipeline: what is loaded, how a month is loaded, and what became of every file. No Airflow here."""
