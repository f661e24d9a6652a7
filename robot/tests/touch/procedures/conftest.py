"""A hand without physics: the object is where it was put, until the fingers carry it, or drop it."""

import numpy as np
import pytest

from xr0_robot import rotation
from xr0_robot.touch.procedures.measurement import Touch
from xr0_robot.touch.sensor import increment, pads, symmetry
from xr0_robot.touch.sensor.pads import TactileReading
from xr0_robot.touch.sims.insertion.arm import BRICKS_ARM

WIDTH = 0.125
"""Opening at which the fingers touch the object."""
RIGHT = increment.to_matrix(np.array([0.0, 1.0, -2.0, 0.0, 0.0, 0.0]))
"""Where the object is in the hand when it is held right."""


class TouchWorld:
    """The state follows the command at once. `error`: the increment [6] from the grasp as it is to the right
    one."""

    def __init__(self, error, supported=True):
        self.state = np.array([0.4, 0.1, 0.2, 0.1, -0.2, 0.5, WIDTH])
        self.supported = supported
        self.object = self.hand() @ increment.to_matrix(np.asarray(error, dtype=float)) @ RIGHT
        self.dropped = False
        self.grasps = 0
        self.closed = True
        self.openings = []

    def hand(self):
        pose = np.eye(4)
        pose[:3, :3] = rotation.exp(self.state[3:6]) @ BRICKS_ARM.pads
        pose[:3, 3] = self.state[:3] * 1e3
        return pose

    def grasp(self):
        return increment.inverse(self.hand()) @ self.object

    def error(self):
        """[6], mm and rad."""
        return increment.to_vector(increment.increment(self.grasp(), RIGHT))

    def apply(self, command):
        held = self.grasp()
        carried = self.closed and not self.dropped
        self.state = np.array(command, dtype=float)
        if carried and command[6] <= WIDTH:
            self.object = self.hand() @ held
        closed = bool(command[6] <= WIDTH)
        self.dropped = self.dropped or (not closed and not self.supported)
        self.grasps += closed and not self.closed
        self.closed = closed
        self.openings.append(float(command[6]))
        if closed:
            self.state[6] = WIDTH

    def touch(self):
        forces = np.full(2, 5.0 if self.closed and not self.dropped else 0.0)
        return Touch(forces, self.supported, self.read)

    def read(self):
        images = HELD + np.uint8(self.grasps)
        return TactileReading(("left", "right"), images, np.array([10.0]))

    def predict(self, current, goal):
        """The error as it is seen in the way, and from the side, in which this is asked."""
        same = next(s for s in symmetry.of_hand(current.fingers) if falls_to_the_corner(s.reading(current)))
        w = self.error()
        w[0] = 0.0
        if current.images.min() == same.reading(goal_reading()).images.min():
            w = increment.to_vector(increment.inverse(increment.to_matrix(w)))
        return same.increment(w), np.full(6, 0.01)


HELD = 40 + np.arange(2 * pads.ROWS * pads.COLUMNS, dtype=np.uint8).reshape(2, pads.ROWS, pads.COLUMNS) // 2
"""What is felt: brighter towards one corner of the second pad, so no two symmetries of it are the same."""


def falls_to_the_corner(reading):
    return bool((np.diff(reading.images.astype(int).ravel()) >= 0).all())


def goal_reading():
    return TactileReading(("left", "right"), HELD - 20, np.array([10.0]))


@pytest.fixture(scope="session")
def touch_world():
    return TouchWorld


@pytest.fixture(scope="session")
def goal():
    return goal_reading()
