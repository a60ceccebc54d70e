"""The phrases of the pipeline: a SubDAG for each source, dimension and fact."""
