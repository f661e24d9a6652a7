"""Two sprung pads and one object as MJCF. SI units inside; the vocabulary of touch speaks mm."""

from __future__ import annotations

import math

import numpy as np

from xr0_robot.touch.sensor.pads import COLUMNS, PARALLEL, PITCH_MM, ROWS, Finger, taxel_centres
from xr0_robot.touch.sensor.shapes import Shape

PADS = tuple(finger.name for finger in PARALLEL)
"""Bodies and slides of the two pads."""

REST = 0.04
"""Distance of each pad's face from the middle where its slide is at 0 [m]: beyond any object."""

RADIUS = 1.2e-3
"""Of a sphere [m]: a dome of skin over its taxel. A much smaller one feels an edge only as it crosses."""

STIFFNESS = 730.0
"""Of a taxel's spring [N/m]: 0.6 N/mm^3 of skin modulus under 1.1 x 1.1 mm of it: the first simulator's
nominal skin."""

SPHERE_KG, PAD_KG = 0.002, 0.3
"""Heavier than real, so that half a millisecond is short beside any oscillation; what is read is the balance
at rest, which no mass changes."""

PAD_DAMPING = 120.0
"""Of a pad's slide [N s/m]: 5 N close it at 4 cm/s."""

TIMESTEP = 5e-4
"""[s]."""

SILENT_N = 1e-4
"""A spring that carries less carries nothing: a thirtieth of the read-out's first level."""


CAMERA = "beside"
"""A camera that stays beside the object, so that the hand moves in its picture."""

SKY, METAL = "0.07 0.08 0.09", "0.72 0.74 0.78 1"
BACKING = 'contype="0" conaffinity="0" rgba="0.45 0.50 0.58 0.22"'
HALF_WIDTH, HALF_LENGTH = COLUMNS * PITCH_MM / 2e3, ROWS * PITCH_MM / 2e3
"""How it looks; the array's half sizes [m]."""


def mjcf(shape: Shape) -> str:
    """The pads, named as the hand's fingers, around `shape` on a mocap body.

    ValueError for a shape with triangles: MuJoCo would press against their hull.
    """
    if len(shape.triangles):
        raise ValueError(f"shape {shape.name!r}: got triangles, the sprung pads need prisms")
    meshes = "".join(
        f'<mesh name="piece{k}" vertex="{_numbers(prism.vertices().ravel() * 1e-3)}"/>'
        for k, prism in enumerate(shape.prisms)
    )
    pieces = "".join(
        f'<geom type="mesh" mesh="piece{k}" contype="2" conaffinity="1" rgba="{METAL}"/>'
        for k in range(len(shape.prisms))
    )
    return f"""
<mujoco model="pads">
  <compiler angle="radian" autolimits="true"/>
  <option timestep="{TIMESTEP}" gravity="0 0 0" integrator="implicitfast" iterations="20"/>
  <visual>
    <quality shadowsize="0" offsamples="4" numslices="12" numstacks="6"/>
    <global offwidth="1280" offheight="960"/>
    <map znear="0.1" zfar="20"/>
    <rgba haze="1 1 1 1"/>
  </visual>
  <statistic center="0 0 0" extent="0.05"/>
  <default>
    <geom condim="1" solref="0.0015 1" solimp="0.98 0.999 0.0001"/>
    <default class="taxel">
      <joint type="slide" axis="-1 0 0" stiffness="{STIFFNESS}" damping="{_critical():.6g}"/>
      <geom type="sphere" size="{RADIUS}" mass="{SPHERE_KG}" contype="1" conaffinity="2"/>
    </default>
  </default>
  <asset>
    <texture type="skybox" builtin="flat" rgb1="{SKY}" rgb2="{SKY}" width="16" height="16"/>
    {meshes}
  </asset>
  <worldbody>
    <light dir="0.15 0.55 -0.8" castshadow="false" directional="true" diffuse="0.6 0.6 0.6"/>
    <light dir="-0.4 0.8 0.3" castshadow="false" directional="true" diffuse="0.3 0.3 0.3"/>
    <body name="object" mocap="true">
      {pieces}
      <camera name="{CAMERA}" pos="0.040 -0.048 0.030" xyaxes="0.768 0.640 0 -0.276 0.331 0.902" fovy="22"/>
    </body>
    {"".join(_pad(finger) for finger in PARALLEL)}
  </worldbody>
  <actuator>{"".join(f'<motor name="{name}" joint="{name}"/>' for name in PADS)}</actuator>
</mujoco>"""


def _pad(finger: Finger) -> str:
    """A slide along the pad's own x, then its skin: spheres whose tips are the face."""
    y, z = (values.ravel() * 1e-3 for values in taxel_centres())
    taxels = "".join(
        f'<body pos="{_numbers((-RADIUS, a, b))}"><joint class="taxel"/><geom class="taxel"/></body>'
        for a, b in zip(y, z, strict=True)
    )
    away = finger.frame() @ np.array([-REST, 0.0, 0.0])
    return f"""
    <body name="{finger.name}" pos="{_numbers(away)}" euler="0 0 {math.radians(finger.turn_deg):.12g}">
      <joint name="{finger.name}" type="slide" axis="1 0 0" damping="{PAD_DAMPING}" range="-0.05 0.06"/>
      <inertial pos="0 0 0" mass="{PAD_KG}" diaginertia="1e-4 1e-4 1e-4"/>
      <geom type="box" size="0.0006 {HALF_WIDTH:g} {HALF_LENGTH:g}" pos="-0.003 0 0" {BACKING}/>
      <geom type="box" size="0.004 0.002 0.002" pos="-0.0076 0 0" {BACKING}/>
      <body name="{finger.name}/skin">{taxels}</body>
    </body>"""


def _critical() -> float:
    """Damping with which a sphere on its spring does not swing [N s/m]."""
    return 2.0 * math.sqrt(STIFFNESS * SPHERE_KG)


def _numbers(values: np.ndarray | tuple[float, ...]) -> str:
    return " ".join(f"{value:.9g}" for value in values)
