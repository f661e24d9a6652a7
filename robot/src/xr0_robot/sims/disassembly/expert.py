"""The Lego table's scripted expert."""

from __future__ import annotations

from xr0_robot.sims.lego import expert

begin = expert.begin
