"""The five-joint robot of the brick table, as data."""

from __future__ import annotations

from xr0_robot.types import MODEL_DIM, Camera, Embodiment, Segment

BRICKS_JOINTS = Embodiment(
    name="bricks_joints",
    rate_hz=20.0,
    cameras=(Camera("front", "Front View", 128, 160), Camera("shoulder", "Shoulder View", 96, 128)),
    segments=(
        Segment("arm.joints", "plain", "chunk_start", native=0, model=7, size=5),
        Segment("arm.gripper", "gripper", "absolute", native=5, model=6, size=1, closed=0.0, open=1.0),
    ),
    model_dim=MODEL_DIM,
    frame="joint angles from the base to the tool: yaw, shoulder, elbow, pitch, twist; zero is straight up",
    gripper="0 closed, 1 open (0.07 m between the fingers)",
)
"""A single arm told its joints; it uses the left arm's slots for them in the official bimanual layout."""
