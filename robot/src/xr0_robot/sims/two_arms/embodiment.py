"""The two-armed robot, as data."""

from __future__ import annotations

from xr0_robot.types import MODEL_DIM, Camera, Embodiment, Segment

SIDES = ("left", "right")
"""Its arms, in the order of its vectors."""

PIXELS = 128
"""Of each picture's sides."""


def _arm(side: str, native: int, model: int) -> tuple[Segment, Segment]:
    return (
        Segment(f"{side}.pose", "pose", "chunk_start", native, model, 6),
        Segment(f"{side}.gripper", "gripper", "absolute", native + 6, model + 6, 1, closed=0.0, open=1.0),
    )


TWO_ARMS = Embodiment(
    name="two_arms",
    rate_hz=30.0,
    cameras=(
        Camera("ego", "Ego View", PIXELS, PIXELS),
        Camera("wrist_left", "Left-Wrist View", PIXELS, PIXELS),
        Camera("wrist_right", "Right-Wrist View", PIXELS, PIXELS),
    ),
    segments=(*_arm("left", native=0, model=0), *_arm("right", native=7, model=14)),
    model_dim=MODEL_DIM,
    frame="each arm's base: x forward, y left, z up; the tool frame equals it when the gripper points down",
    gripper="0 closed, 1 open (0.08 m between the fingers)",
)
"""Poses and grippers stand in the slots of the official bimanual layout (`released.XR0_BIMANUAL`); its
joints' stay empty."""
