"""The wire between a client and PostgreSQL, and what of it the endpoint changes."""
