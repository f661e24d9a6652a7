"""Simulated worlds, one Env each. Importing this package chooses MuJoCo's OpenGL library, before MuJoCo looks."""

from xr0_robot.sims import gl

gl.choose()
