"""Drafts the robot that recorded a dataset: an `Embodiment` to be read, corrected and checked by a person."""
