"""Datasets into batches."""
