"""Looks a dataset through once and says what it is, what is odd in it and what cannot be right."""
