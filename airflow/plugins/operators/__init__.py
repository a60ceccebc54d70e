"""The verbs of the pipeline: one operator a file."""
