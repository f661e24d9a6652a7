"""Towel after towel for thirty minutes without a reset: the published protocol of the towel table."""
