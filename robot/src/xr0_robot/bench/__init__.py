"""Episodes: run, measured, filmed."""
