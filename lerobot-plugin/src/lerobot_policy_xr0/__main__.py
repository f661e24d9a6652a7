"""A checkpoint of either layout as a folder that LeRobot loads with --policy.path."""

from __future__ import annotations

from pathlib import Path

import tyro
from lerobot.configs import FeatureType, PolicyFeature

from lerobot_policy_xr0.configuration_xr0 import XR0Config
from lerobot_policy_xr0.modeling_xr0 import XR0Policy
from lerobot_policy_xr0.processor_xr0 import make_xr0_pre_post_processors
from xr0.checkpoints import pretrained
from xr0.checkpoints.options import LoadOptions
from xr0_robot.features import ACTION


def export(checkpoint: str, out: Path, /, robot_type: str | None = None, contract: str | None = None) -> None:
    """Write what LeRobot loads.

    Args:
        checkpoint: a folder of either layout, a .pt file, or a name on the hub.
        out: the new folder.
        robot_type: which robot of a checkpoint that serves several.
        contract: causal or windowed, where the checkpoint does not tell.
    """
    if out.exists():
        raise SystemExit(f"{out}: exists already, expected a new folder")
    loaded = pretrained.load(checkpoint, LoadOptions(robot_type, contract))
    robot = loaded.robot(robot_type)
    horizon = robot.stats.horizon
    config = XR0Config(
        checkpoint=checkpoint,
        robot_type=robot_type,
        chunk_size=horizon,
        n_action_steps=min(horizon, XR0Config.n_action_steps),
        output_features={ACTION: PolicyFeature(FeatureType.ACTION, (robot.embodiment.native_dim,))},
        push_to_hub=False,
    )
    XR0Policy(config, checkpoint=loaded).save_pretrained(out)
    for processor in make_xr0_pre_post_processors(config):
        processor.save_pretrained(out)
    print(f"wrote {out}")


if __name__ == "__main__":
    tyro.cli(export)
