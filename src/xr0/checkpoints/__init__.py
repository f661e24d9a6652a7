"""What lies on disk: our layout of a checkpoint, the released one, and what turns one into the other."""
