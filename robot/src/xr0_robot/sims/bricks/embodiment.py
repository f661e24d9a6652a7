"""The brick table's robot, as data."""

from __future__ import annotations

from xr0_robot.types import MODEL_DIM, Camera, Embodiment, Segment

BRICKS = Embodiment(
    name="bricks",
    rate_hz=30.0,
    cameras=(Camera("base", "Base View", 128, 128), Camera("wrist", "Left-Wrist View", 128, 128)),
    segments=(
        Segment("arm.pose", "pose", "chunk_start", native=0, model=0, size=6),
        Segment("arm.gripper", "gripper", "absolute", native=6, model=6, size=1, closed=0.0, open=1.0),
    ),
    model_dim=MODEL_DIM,
    frame="arm base: x forward, y left, z up; the tool frame equals it when the gripper points down",
    gripper="0 closed, 1 open (0.08 m between the fingers)",
)
"""The single arm of the brick table; it uses the left arm's slots of the official bimanual layout."""
