"""Redshift's SQL as PostgreSQL's, and a COPY's text as a value. No I/O."""
