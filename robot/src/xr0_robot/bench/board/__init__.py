"""Scoreboards: a policy on all tasks of a benchmark, by its protocol; resumable, with a table and films."""
