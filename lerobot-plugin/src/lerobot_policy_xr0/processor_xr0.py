"""LeRobot's own steps around the policy. None changes a number: a checkpoint has its statistics in it."""

from __future__ import annotations

from typing import Any

from lerobot.processor import (
    PolicyProcessorPipeline,
    make_default_policy_processor_steps,
    make_policy_processor_pipelines,
)

from lerobot_policy_xr0.configuration_xr0 import XR0Config


def make_xr0_pre_post_processors(
    config: XR0Config, dataset_stats: dict[str, dict[str, Any]] | None = None
) -> tuple[PolicyProcessorPipeline, PolicyProcessorPipeline]:
    """Before the policy and behind it; all steps that LeRobot's scripts override by name are there."""
    steps = make_default_policy_processor_steps(config, dataset_stats)
    before = [steps.rename_observations, steps.add_batch_dim, steps.to_device, steps.normalize]
    return make_policy_processor_pipelines(input_steps=before, output_steps=[steps.unnormalize, steps.to_cpu])
