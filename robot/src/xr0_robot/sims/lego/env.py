"""The Lego table as an Env: two arms, assemblies of bricks, four bins, a sentence."""

# MuJoCo is compiled and brings no type stubs.
# pyright: reportAttributeAccessIssue=false
from __future__ import annotations

from dataclasses import replace

import mujoco
import numpy as np

from xr0_robot.sims import shades
from xr0_robot.sims.lego import assembly, bricks, layout, tasks
from xr0_robot.sims.lego.bricks import BINS, COLOURS, HALF
from xr0_robot.sims.lego.studs import Studs
from xr0_robot.sims.lego.variants import Variant
from xr0_robot.sims.two_arms.embodiment import SIDES
from xr0_robot.sims.two_arms.table import TwoArmTable

SUBSTEPS = 12
"""Physics steps of 2.8 ms."""

OPTION = 'integrator="Euler" solver="CG" cone="elliptic" impratio="10"'
"""MuJoCo's options: two hands that squeeze what is welded together make its defaults diverge."""

START = {"left": ((0.28, 0.36), (0.14, 0.22)), "right": ((0.28, 0.36), (-0.22, -0.14))}
START_Z = (0.18, 0.26)
"""x, y and z [m] of each tool at a reset."""

FACING = {"left": np.pi / 2, "right": -np.pi / 2}
"""Yaw [rad] of each hand at rest: it closes across a wall, its camera on the outside."""

REST_SPEED = 0.05
"""A brick slower than this rests [m/s]."""

REST_HEIGHT = 0.07
"""A brick whose middle is lower than this lies in its bin [m]: on the floor, or on others."""

STOLEN_TO = ((0.22, 0.28), (-0.10, 0.10))
"""Where a brick that is taken out of a hand is laid, x and y [m]: before the assemblies, in reach of both."""

STEAL_HEIGHT = 0.06
"""A brick that is held higher than this is on its way to a bin [m]."""


class LegoTable(TwoArmTable):
    """Env of one variant. A seed decides all of an episode."""

    def __init__(self, variant: Variant) -> None:
        self.variant, self.count = variant, sum(variant.sizes)
        beams, welds = len(variant.sizes), 2 * self.count
        super().__init__(bricks.bodies(self.count, beams), SUBSTEPS, bricks.welds(welds), OPTION)
        names = [bricks.name(k) for k in range(self.count)] + [bricks.beam(k) for k in range(beams)]
        self.studs = Studs(self.model, names, welds)
        self._joints = [self.data.joint(name) for name in names]
        self._bodies = [self.data.body(name) for name in names]
        self._boxes = {self.model.geom(name).id: number for number, name in enumerate(names)}
        self._shown = [np.flatnonzero(self.model.geom_bodyid == self.model.body(name).id) for name in names]
        self._side = {geom: side for side in SIDES for geom in self.fingers[side]}
        self.reset(0)

    def reset(self, seed: int, instruction: str | None = None) -> str:
        """Build the seed's assemblies; ValueError if the sentence cannot be scored."""
        streams = np.random.SeedSequence(seed).spawn(5)
        task_rng, place_rng, paint_rng, look_rng, self._steal_rng = map(np.random.default_rng, streams)
        given = None if instruction is None else tasks.parse(instruction)
        self.task = given or tasks.sample(task_rng, self.variant.only)
        mujoco.mj_resetData(self.model, self.data)
        walls = layout.lay(place_rng, self.variant.sizes)
        self.colours = layout.paint(paint_rng, walls, self.task)
        self._build(walls)
        self._look(look_rng)
        low, high = place_rng.uniform(*START_Z, size=2)
        self.place(
            {side: self._start(place_rng, side, z) for side, z in zip(SIDES, (low, high), strict=True)}
        )
        mujoco.mj_forward(self.model, self.data)
        self.tick, self.stolen_tick = 0, None
        self._steal_after = int(self._steal_rng.integers(0, 3))
        return self.task.instruction

    def apply(self, action: np.ndarray) -> None:
        """Table.apply; studs that are pulled too hard give way, and a brick may be stolen."""
        super().apply(action)
        self.tick += 1
        if self.data.warning[mujoco.mjtWarning.mjWARN_BADQACC].number:
            raise RuntimeError(f"lego: the physics diverged in tick {self.tick} of this episode")
        if self.held():
            self.studs.give_way(self.data)
        if self.variant.stolen and self.stolen_tick is None:
            self._steal()

    def success(self) -> bool:
        """Whether every brick that was asked for rests in its bin, and no other is in any."""
        return self._sorted(self.task)

    def fulfilled(self, instruction: str) -> bool:
        """The same for another sentence; ValueError if it cannot be scored."""
        return self._sorted(tasks.parse(instruction))

    def sorted_bricks(self) -> int:
        """How many of the bricks that were asked for are in their bins."""
        return sum(
            self.bin_of(number) == colour
            for number, colour in enumerate(self.colours)
            if self.task.wants(colour)
        )

    def centre(self, number: int) -> np.ndarray:
        """Of a brick or a beam, in the world [3, m]."""
        return self._bodies[number].xpos.copy()

    def turn(self, number: int) -> np.ndarray:
        """Its axes in the world, as columns [3, 3]."""
        return self._bodies[number].xmat.reshape(3, 3).copy()

    def movable(self, number: int) -> bool:
        """Whether a brick is on no beam, itself or by others."""
        return max(self.studs.piece(number)) < self.count

    def bin_of(self, number: int) -> str | None:
        """The colour of the bin in which a brick lies, None if in none."""
        x, y, z = self._bodies[number].xpos
        for bin_ in BINS:
            half_x, half_y = np.array(bin_.inner) / 2
            if abs(x - bin_.centre[0]) < half_x and abs(y - bin_.centre[1]) < half_y and z < REST_HEIGHT:
                return bin_.name
        return None

    def held(self) -> dict[str, frozenset[int]]:
        """The bricks that both fingers of a hand touch, by its side; hands that hold nothing are left out."""
        touched: dict[int, set[int]] = {}
        for one, other in self.data.contact.geom.tolist():
            for finger, box in ((one, other), (other, one)):
                if finger in self._side and box in self._boxes:
                    touched.setdefault(finger, set()).add(self._boxes[box])
        hands = {
            side: frozenset.intersection(
                *(frozenset(touched.get(finger, ())) for finger in self.fingers[side])
            )
            for side in SIDES
        }
        return {side: held for side, held in hands.items() if held}

    def move_brick(self, number: int, xy: np.ndarray) -> None:
        """Lay a brick down flat at `xy` [2, m], at rest."""
        self._joints[number].qpos = (*xy, HALF[2], 1.0, 0.0, 0.0, 0.0)
        self._joints[number].qvel = 0.0
        mujoco.mj_forward(self.model, self.data)

    def _build(self, walls: tuple[layout.Wall, ...]) -> None:
        placed, joints = {}, []
        for wall in walls:
            placed |= dict(zip(wall.numbers, wall.assembly, strict=True))
            joints += [
                replace(joint, lower=wall.numbers[joint.lower], upper=wall.numbers[joint.upper])
                for joint in assembly.joints(wall.assembly)
            ]
            for number, brick in zip(wall.numbers, wall.assembly, strict=True):
                self._joints[number].qpos = wall.pose(brick)
        self.studs.join(self.data, placed, joints)

    def _look(self, rng: np.random.Generator) -> None:
        """Shades and light, drawn anew."""
        look = self.variant.looks[rng.integers(len(self.variant.looks))]
        for number, colour in enumerate(self.colours):
            self.model.geom_rgba[self._shown[number], :3] = shades.shade(COLOURS[colour], rng, look)
        shades.light(self.model, rng, look)

    def _start(self, rng: np.random.Generator, side: str, z: float) -> np.ndarray:
        x, y = rng.uniform(*np.transpose(START[side]))
        return np.array([x, y, z, 0.0, 0.0, FACING[side], 1.0])

    def _sorted(self, task: tasks.Task) -> bool:
        fingers = frozenset().union(*self.held().values())
        for number, colour in enumerate(self.colours):
            there = self.bin_of(number)
            if there != (colour if task.wants(colour) else None):
                return False
            if there and (number in fingers or np.linalg.norm(self._joints[number].qvel[:3]) > REST_SPEED):
                return False
        return True

    def _steal(self) -> None:
        """Take a brick out of a hand that carries it, once, after the first few of the episode."""
        if self.sorted_bricks() < self._steal_after:
            return
        for held in self.held().values():
            for number in held:
                if len(self.studs.piece(number)) == 1 and self.centre(number)[2] > STEAL_HEIGHT:
                    self.move_brick(number, self._steal_rng.uniform(*np.transpose(STOLEN_TO)))
                    self.stolen_tick = self.tick
                    return
