"""Measures of a model that need no robot."""
