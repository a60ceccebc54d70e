"""A COPY from S3: its objects, its table, its history."""
