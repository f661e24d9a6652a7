"""A parallel gripper as data, and its MJCF: two mirrored fingers, whose pads touch things."""

from __future__ import annotations

from dataclasses import dataclass

FINGERS = ("left_finger", "right_finger")
"""Slides of a gripper; left is +y of the tool frame."""


@dataclass(frozen=True)
class Pad:
    """The inner face of a finger: half its width across and along the finger, and where its middle is, under
    the wrist."""

    half_width: float = 0.010
    half_length: float = 0.028
    depth: float = 0.184


@dataclass(frozen=True)
class Gripper:
    """Lengths in metres. opening: distance of the pads when open; root: where the fingers begin, under the
    wrist."""

    opening: float = 0.08
    pad: Pad = Pad()
    root: float = 0.108

    def bodies(self, arm: str) -> str:
        """Both fingers, to stand inside the hand of `arm`."""
        return self._finger(f"{arm}/{FINGERS[0]}", 1) + self._finger(f"{arm}/{FINGERS[1]}", -1)

    def _finger(self, name: str, side: int) -> str:
        """A stem that touches nothing, and the pad."""
        pad, root = self.pad, self.root
        low = pad.depth - pad.half_length  # the stem ends where the pad begins, just inside it
        half = (low - root) / 2 + 0.002
        return f"""
                  <body name="{name}" gravcomp="1">
                    <joint name="{name}" type="slide" axis="0 {side} 0" range="0 {self.opening / 2:g}"
                      armature="0.05" damping="5"/>
                    <geom class="look" type="box" size="0.008 0.004 {half:g}" pos="0 {side * 0.006:g} {
            -root - half:g}"
                      mass="0.02"/>
                    <geom name="{name}" class="pad" size="{pad.half_width:g} 0.0045 {pad.half_length:g}"
                      pos="0 {side * 0.0045:g} {-pad.depth:g}"/>
                  </body>"""


def contact(arm: str) -> str:
    """The fingers of `arm` pass through each other."""
    left, right = (f"{arm}/{finger}" for finger in FINGERS)
    return f'<exclude body1="{left}" body2="{right}"/>'


def equality(arm: str) -> str:
    """The fingers of `arm` mirror each other."""
    left, right = (f"{arm}/{finger}" for finger in FINGERS)
    return f'<joint joint1="{left}" joint2="{right}" polycoef="0 1 0 0 0" solref="0.006 1"/>'


def actuators(arm: str) -> str:
    """Position servos: 12 N at each finger."""
    return "".join(
        f'<position name="{arm}/{f}" joint="{arm}/{f}" kp="1500" kv="40" forcerange="-12 12"/>'
        for f in FINGERS
    )
