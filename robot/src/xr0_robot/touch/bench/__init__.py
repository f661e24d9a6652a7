"""Benches of the fingertips: insertion, demo, and grasps for another process."""
