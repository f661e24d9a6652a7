"""Data: datasets on disk to training rows."""
