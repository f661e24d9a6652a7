"""Meta-World's own scripted policies (metaworld.policies), as experts."""

# pyright: reportMissingImports=false
from __future__ import annotations

import warnings

import numpy as np
from metaworld.policies import ENV_POLICY_MAP

from xr0_robot.sims.benchmark import Act
from xr0_robot.sims.metaworld.env import MetaworldTask


def begin(env: MetaworldTask) -> Act:
    """The task's policy. Its commands are clipped, as the simulator would, so that what is recorded is what
    was done."""
    policy = ENV_POLICY_MAP[env.name]()

    def act() -> np.ndarray:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns that the simulator clips
            return np.clip(policy.get_action(env.known), -1.0, 1.0).astype(np.float64)

    return act
