"""Simulated worlds, one Env each. Importing this package chooses the OpenGL library, before MuJoCo does."""

from xr0_robot.sims import gl

gl.choose()
