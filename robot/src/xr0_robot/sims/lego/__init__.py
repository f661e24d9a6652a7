"""Lego taken apart: two arms, assemblies of bricks in four colours, a bin for each."""
