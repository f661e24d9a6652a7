"""The towel table's scripted expert: it goes on as the towels come."""

from __future__ import annotations

from xr0_robot.sims.towels import expert

begin = expert.begin
