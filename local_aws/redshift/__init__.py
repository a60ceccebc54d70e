"""A Redshift cluster's SQL endpoint: docs/decisions/redshift-endpoint.md says what is in which room."""
