from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xr0_robot.sims.bricks.embodiment import BRICKS
from xr0_robot.touch.procedures import refine
from xr0_robot.touch.procedures.arm import arm_of
from xr0_robot.touch.procedures.measurement import Measurement, Touch
from xr0_robot.touch.procedures.motions import CLEARANCE_M, Aborted
from xr0_robot.touch.procedures.predictors import InlinePredictor, ThreadedPredictor
from xr0_robot.touch.sensor import increment
from xr0_robot.touch.sensor.pads import TactileReading
from xr0_robot.touch.sims.insertion.arm import BRICKS_ARM

DT = 1 / 30
OFF = [0.0, 2.0, -1.5, 0.1, 0.0, 0.03]


def run(world, procedure, limit=400):
    """The outcome, and how long it took [s]."""
    command, ticks = next(procedure), 0
    try:
        while ticks < limit:
            world.apply(command)
            ticks += 1
            command = procedure.send(Measurement(ticks * DT, world.state.copy(), world.touch()))
    except StopIteration as ended:
        return ended.value, ticks * DT
    raise AssertionError("the procedure did not end")


def regrasp(world, goal, predictor=None):
    held = world.state.copy()
    return refine.regrasp(BRICKS_ARM, held, goal, InlinePredictor(predictor or world))


class Answers:
    """A predictor that says what it is told to, and the last thing for ever."""

    def __init__(self, *ws, sigma=0.01):
        self.ws, self.sigma = list(ws), sigma

    def predict(self, current, goal):
        w = self.ws.pop(0) if len(self.ws) > 1 else self.ws[0]
        return np.array(w, dtype=float), np.full(6, self.sigma)


def test_a_wrong_grasp_is_put_right_by_moving_the_hand_and_the_object_stays(touch_world, goal):
    world = touch_world(OFF)
    before = world.object.copy()
    outcome, time_s = run(world, regrasp(world, goal))
    assert outcome.verdict == "done"
    assert np.abs(world.error()).max() < 1e-6
    assert np.allclose(world.object, before)
    assert np.array_equal(outcome.offset, np.eye(4))
    assert time_s < refine.TIME_LIMIT_S
    assert world.closed


errors = st.tuples(st.just(0.0), st.floats(-6, 6), st.floats(-6, 6), *[st.floats(-0.15, 0.15)] * 3)


@settings(max_examples=20)
@given(error=errors)
def test_no_motion_is_longer_than_a_step_and_all_of_them_stay_within_the_total(touch_world, goal, error):
    world = touch_world(error)
    try:
        outcome, _ = run(world, regrasp(world, goal))
    except Aborted as aborted:
        assert "out of reach" in str(aborted)
        return
    total = np.eye(4)
    for step in outcome.steps:
        length, angle = increment.magnitudes(step.moved)
        assert length <= refine.REGRASP.step_mm + 1e-9 and angle <= refine.REGRASP.step_deg + 1e-9
        total = total @ increment.to_matrix(step.moved)
    length, angle = increment.magnitudes(increment.to_vector(total))
    assert length <= refine.REGRASP.total_mm and angle <= refine.REGRASP.total_deg
    assert len(outcome.steps) <= refine.REGRASP.steps + 1


def test_fingers_open_only_by_the_clearance_and_never_while_they_read(touch_world, goal):
    world = touch_world(OFF)
    reading_at = []
    original = world.read
    world.read = lambda: (reading_at.append(world.closed), original())[1]
    run(world, regrasp(world, goal))
    widest = 0.125 + CLEARANCE_M / BRICKS_ARM.stroke_m
    assert max(world.openings) == pytest.approx(widest)
    assert len(reading_at) == refine.FRAMES * 2 and all(reading_at)


def test_what_hangs_is_never_let_go_and_the_correction_is_kept_for_the_placing(touch_world, goal):
    world = touch_world(OFF, supported=False)
    outcome, _ = run(world, refine.compensate(BRICKS_ARM, world.state.copy(), goal, InlinePredictor(world)))
    assert max(world.openings) <= 0.125 and not world.dropped
    assert outcome.verdict == "compensated"
    assert increment.to_vector(outcome.offset) == pytest.approx(world.error(), abs=1e-9)


def test_it_stops_after_five_motions(touch_world, goal):
    world = touch_world(OFF)
    outcome, _ = run(world, regrasp(world, goal, Answers([0, 0.5, 0, 0, 0, 0])))
    assert outcome.verdict == "no steps left"
    assert sum(step.moved.any() for step in outcome.steps) == 5


@pytest.mark.parametrize(
    "predictor, reason",
    [
        (Answers([0, 1, 0, 0, 0, 0], [0, 1.5, 0, 0, 0, 0], [0, 2, 0, 0, 0, 0]), "diverging: 2.0 mm"),
        (Answers([0, 1, 0, 0, 0, 0], sigma=3.0), "uncertain"),
        (Answers([0, 2.9, 0, 0, 0, 0]), "out of reach"),
        (Answers([np.nan] * 6), "prediction: got"),
    ],
)
def test_a_predictor_that_does_not_know_ends_it_with_the_object_in_hand(touch_world, goal, predictor, reason):
    world = touch_world(OFF)
    with pytest.raises(Aborted, match=reason):
        run(world, regrasp(world, goal, predictor))
    assert world.closed and not world.dropped


def faulty(world, change):
    """The world, with readings that `change` has gone over."""
    original = world.read
    world.read = lambda: change(original())
    return world


def silent(reading):
    images = reading.images.copy()
    images[1] = 0
    return TactileReading(reading.fingers, images, reading.joints)


def other_hand(reading):
    return TactileReading(("thumb", "index"), reading.images, reading.joints)


def not_a_number(reading):
    return TactileReading(reading.fingers, reading.images, np.array([np.nan]))


def small(reading):
    return TactileReading(reading.fingers, reading.images[:, :5], reading.joints)


@pytest.mark.parametrize(
    "change, reason",
    [
        (silent, "pad right: all taxels read 0"),
        (other_hand, r"goal: recorded with fingers \['left', 'right'\]"),
        (not_a_number, "tactile joints: got .*nan"),
        (small, "tactile images: got uint8 of shape"),
    ],
)
def test_a_reading_that_is_none_ends_it_with_a_reason(touch_world, goal, change, reason):
    world = faulty(touch_world(OFF), change)
    with pytest.raises(Aborted, match=reason):
        run(world, regrasp(world, goal))
    assert world.closed


def test_a_pad_that_repeats_itself_in_the_next_grasp_is_stuck(touch_world, goal):
    world = touch_world(OFF)
    first = world.read()
    world.read = lambda: first
    with pytest.raises(Aborted, match="stuck"):
        run(world, regrasp(world, goal))


@pytest.mark.parametrize("forces, reason", [([5.0, 0.1], "grip lost"), ([5.0, 16.0], "grip too hard")])
def test_a_grip_that_is_lost_or_crushes_ends_it(touch_world, goal, forces, reason):
    world = touch_world(OFF)
    world.touch = lambda: Touch(np.array(forces), True, world.read)
    with pytest.raises(Aborted, match=reason):
        run(world, regrasp(world, goal))


def test_fingers_that_do_not_let_go_end_it(touch_world, goal):
    world = touch_world(OFF)
    world.touch = lambda: Touch(np.full(2, 5.0), True, world.read)
    with pytest.raises(Aborted, match="do not open"):
        run(world, regrasp(world, goal))


def test_a_predictor_that_is_gone_or_refuses_ends_it(touch_world, goal):
    class Gone:
        def predict(self, current, goal):
            raise ConnectionResetError("tactile server: connection lost")

    world = touch_world(OFF)
    with pytest.raises(Aborted, match="connection lost"):
        run(world, regrasp(world, goal, Gone()))


def test_a_predictor_that_is_silent_ends_it(touch_world, goal):
    class Silent:
        def start(self, current, goal):
            pass

        def poll(self):
            return None

    world = touch_world(OFF)
    with pytest.raises(Aborted, match="no answer"):
        run(world, refine.regrasp(BRICKS_ARM, world.state.copy(), goal, Silent()))


def test_the_time_limit_ends_it(touch_world, goal):
    world = touch_world(OFF)
    with pytest.raises(Aborted, match="not done after 1 s"):
        run(world, refine.with_time_limit(1.0, regrasp(world, goal, Answers([0, 0.5, 0, 0, 0, 0]))))


def test_the_thread_answers_without_waiting_and_passes_errors_on(touch_world, goal):
    world = touch_world(OFF)
    ask = ThreadedPredictor(world)
    ask.start(goal, goal)
    while (answer := ask.poll()) is None:
        pass
    assert answer[0] == pytest.approx(world.predict(goal, goal)[0])
    assert ask.poll() is None
    ask.close()


def test_an_arm_that_the_robot_does_not_have_is_refused():
    with pytest.raises(ValueError, match="expected"):
        arm_of(BRICKS, "third", 0.08, np.eye(3))


def test_an_arm_that_is_told_elsewhere_than_it_is_measured_is_refused():
    pose, gripper = BRICKS.segments
    sensed = (replace(gripper, native=0), replace(pose, native=1))
    for robot in (
        replace(BRICKS, sensed=sensed),
        replace(BRICKS, segments=(replace(pose, anchor="previous"), gripper)),
    ):
        with pytest.raises(ValueError, match=r"told arm\.pose otherwise than it measures it"):
            arm_of(robot, "arm", 0.08, np.eye(3))


def test_an_arm_whose_gripper_is_told_in_another_unit_is_refused():
    pose, gripper = BRICKS.segments
    width = replace(gripper, kind="gripper", closed=0.0, open=0.08)
    with pytest.raises(ValueError, match=r"writes arm\.gripper in other numbers than m, rad"):
        arm_of(replace(BRICKS, segments=(pose, width)), "arm", 0.08, np.eye(3))
    arm_of(replace(BRICKS, segments=(pose, replace(width, open=1.0))), "arm", 0.08, np.eye(3))
