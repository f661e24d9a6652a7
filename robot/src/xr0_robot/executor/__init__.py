"""Chunks that come when they come, turned into one safe command per control tick."""
