"""The brick table as an environment and as a robot of LeRobot, as a plugin would bring them.

Loaded with --env.discover_packages_path=brick_table_plugin or --robot.discover_packages_path=...
"""

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import gymnasium as gym
import numpy as np
from lerobot.configs import FeatureType, PolicyFeature
from lerobot.envs import EnvConfig
from lerobot.robots import Robot, RobotConfig

from xr0_robot.executor.safety import Safety
from xr0_robot.sims.bricks.embodiment import BRICKS
from xr0_robot.sims.world import World, open_world

VIEWS = tuple(camera.key for camera in BRICKS.cameras)
SHAPES = {camera.key: (*camera.size, 3) for camera in BRICKS.cameras}
JOINTS = tuple(f"number_{i}.pos" for i in range(BRICKS.native_dim))
TALLY = "BRICK_TABLE_TALLY"
"""Names the file in which the robot says how it went."""


def checked(world: World) -> Safety:
    """The limits of the table's robot, from where it stands."""
    safety = Safety(BRICKS, world.limits)
    safety.reset(world.env.state())
    return safety


class BrickTableGym(gym.Env):
    """An episode for a seed; success ends it."""

    metadata: ClassVar = {"render_modes": ["rgb_array"], "render_fps": int(BRICKS.rate_hz)}
    render_mode = "rgb_array"
    _max_episode_steps = 300
    task = "xr0_bricks"

    def __init__(self) -> None:
        self.world = open_world("bricks", "trained")
        self.task_description = self.world.env.reset(0)
        pictures = {key: gym.spaces.Box(0, 255, shape, np.uint8) for key, shape in SHAPES.items()}
        state = gym.spaces.Box(-np.inf, np.inf, (BRICKS.state_dim,), np.float32)
        self.observation_space = gym.spaces.Dict(pixels=gym.spaces.Dict(pictures), agent_pos=state)
        self.action_space = gym.spaces.Box(-np.inf, np.inf, (BRICKS.native_dim,), np.float32)

    def reset(self, seed=None, options=None):
        super().reset(seed=seed)
        self.task_description = self.world.env.reset(0 if seed is None else seed)
        self.safety = checked(self.world)
        self.steps = 0
        return self._observe(), {"is_success": False}

    def step(self, action):
        self.world.env.apply(self.safety.check(action.astype(np.float64)).command)
        self.steps += 1
        done = self.world.env.success()
        return self._observe(), float(done), done, self.steps >= self._max_episode_steps, {"is_success": done}

    def render(self):
        return self._observe()["pixels"]["base"]

    def _observe(self):
        seen = self.world.env.observe(self.task_description, 0.0)
        return {"pixels": dict(seen.images), "agent_pos": seen.state.astype(np.float32)}


gym.register("gym_xr0_bricks/table", BrickTableGym)


@EnvConfig.register_subclass("xr0_bricks")
@dataclass
class BrickTableEnv(EnvConfig):
    task: str = "table"
    features: dict[str, PolicyFeature] = field(
        default_factory=lambda: {
            "action": PolicyFeature(FeatureType.ACTION, (BRICKS.native_dim,)),
            "agent_pos": PolicyFeature(FeatureType.STATE, (BRICKS.state_dim,)),
            **{f"pixels/{key}": PolicyFeature(FeatureType.VISUAL, shape) for key, shape in SHAPES.items()},
        }
    )
    features_map: dict[str, str] = field(
        default_factory=lambda: {
            "action": "action",
            "agent_pos": "observation.state",
            **{f"pixels/{key}": f"observation.images.{key}" for key in VIEWS},
        }
    )

    @property
    def gym_kwargs(self) -> dict:
        return {}


@RobotConfig.register_subclass("xr0_bricks")
@dataclass(kw_only=True)
class BrickTableRobotConfig(RobotConfig):
    seed: int = 0


class BrickTableRobot(Robot):
    """A tick of the table for each command."""

    config_class = BrickTableRobotConfig
    name = "xr0_bricks"

    def __init__(self, config):
        super().__init__(config)
        self.world = open_world("bricks", "trained")
        self.told = self.world.env.reset(config.seed)
        self.safety = checked(self.world)
        self.commands: list[list[float]] = []
        self.succeeded = self._connected = False

    @property
    def observation_features(self):
        return {**dict.fromkeys(JOINTS, float), **SHAPES}

    @property
    def action_features(self):
        return dict.fromkeys(JOINTS, float)

    @property
    def is_connected(self):
        return self._connected

    @property
    def is_calibrated(self):
        return True

    def connect(self, calibrate=True):
        self._connected = True

    def calibrate(self):
        pass

    def configure(self):
        pass

    def get_observation(self):
        seen = self.world.env.observe(self.told, 0.0)
        return {**dict(zip(JOINTS, map(float, seen.state), strict=True)), **seen.images}

    def send_action(self, action):
        command = np.array([float(action[name]) for name in JOINTS])
        self.world.env.apply(self.safety.check(command).command)
        self.commands.append(command.tolist())
        self.succeeded = self.succeeded or self.world.env.success()
        return action

    def disconnect(self):
        self._connected = False
        tally = {"commands": self.commands, "succeeded": self.succeeded, "told": self.told}
        Path(os.environ[TALLY]).write_text(json.dumps(tally))
