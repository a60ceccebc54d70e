"""The PostgreSQL under the endpoint, made Redshift's."""
