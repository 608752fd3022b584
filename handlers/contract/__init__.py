"""What the host's answers must look like: strict JSON, readings, results of commands, a saved collection."""
