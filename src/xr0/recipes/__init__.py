"""Complete runs: data and settings in, a checkpoint out. A recipe is a function in a file of its own."""
