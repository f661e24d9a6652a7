"""Simulated fingertips and what they handle."""

import xr0_robot.sims  # noqa: F401 (before MuJoCo: it chooses the OpenGL library)
