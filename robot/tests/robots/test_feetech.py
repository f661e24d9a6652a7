"""The Feetech bus against the manual's own examples, and an arm on a line that loses and garbles packets."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xr0_robot.bench.rollout import Episode, rollout
from xr0_robot.executor.clock import VirtualClock
from xr0_robot.executor.inference import VirtualInference
from xr0_robot.executor.methods import Prefix
from xr0_robot.robots.feetech import bus, calibration, packets
from xr0_robot.robots.feetech.arm import JOINTS, SO101, Arm, limits
from xr0_robot.robots.feetech.bus import GOAL_POSITION, HOMING_OFFSET, PRESENT_POSITION, TORQUE, Bus, BusError
from xr0_robot.robots.feetech.calibration import Joint
from xr0_robot.robots.feetech.simulated import SimulatedPort
from xr0_robot.types import Chunk

RANGES = ((700, 3400), (800, 3200), (850, 3100), (900, 3200), (0, 4095), (2000, 3500))
CALIBRATED = tuple(Joint(k + 1, 0, 100 * k - 250, *ends) for k, ends in enumerate(RANGES))


def arm(**line):
    port = SimulatedPort(CALIBRATED, **line)
    pictures = {c.key: np.zeros((*c.size, 3), np.uint8) for c in SO101.cameras}
    return Arm(Bus(port), CALIBRATED, lambda: pictures, "wave"), port


class Recorded:
    """A line that answers what the manual says."""

    def __init__(self, answer):
        self.sent, self._answer = [], bytes.fromhex(answer)

    def write(self, data):
        self.sent.append(data.hex(" ").upper())

    def read(self, size):
        return self._answer[:size]

    def reset_input_buffer(self):
        pass

    def close(self):
        pass


# Communication Protocol User Manual (191218-0923), the examples of section 1.3.
def test_packets_are_those_of_the_manual():
    assert packets.instruction(1, packets.PING).hex() == "ffff010201fb"
    assert packets.instruction(1, packets.READ, bytes([0x38, 2])).hex() == "ffff0104023802be"
    assert packets.instruction(0xFE, packets.WRITE, bytes([5, 1])).hex() == "fffffe04030501f4"
    (status,) = packets.statuses(bytes.fromhex("FFFF0104001805DD"))
    assert (status.servo, status.trouble, PRESENT_POSITION.decode(status.data)) == (1, None, 1304)


def test_a_synchronous_read_is_that_of_the_manual():
    eight = bus.Register("present position to temperature", 0x38, 8)
    answers = "FFFF010A0000080000000079 1E55 FFFF020A00FF0700000000772353"
    line = Recorded(answers.replace(" ", ""))
    found = Bus(line).read([1, 2], eight)
    assert line.sent == ["FF FF FE 06 82 38 08 01 02 36"]
    assert [value & 0xFFFF for value in found.values()] == [2048, 2047]


def test_a_synchronous_write_is_that_of_the_manual():
    line = Recorded("")
    block = bus.Register("goal position, time and speed", 0x2A, 6)
    value = 2048 | 1000 << 32
    Bus(line).set(block, dict.fromkeys([1, 2, 3, 4], value))
    rows = " ".join(f"{k:02X} 00 08 00 00 E8 03" for k in (1, 2, 3, 4))
    assert line.sent == [f"FF FF FE 20 83 2A 06 {rows} 58"]


@given(st.binary(max_size=20), st.integers(0, packets.MAX_ID), st.binary(max_size=12), st.binary(max_size=20))
def test_a_sound_packet_is_found_behind_noise_and_a_broken_one_never_is(before, servo, data, after):
    body = bytes([servo, len(data) + 2, 0]) + data
    packet = packets.HEADER + body + bytes([packets.checksum(body)])
    if packets.HEADER not in before + packet[:1]:
        assert packets.Status(servo, 0, data) in packets.statuses(before + packet + after)
    broken = bytes([*packet[:-1], packet[-1] ^ 1])
    assert packets.Status(servo, 0, data) not in packets.statuses(broken)


@pytest.mark.parametrize("value", [-2047, -1, 0, 1, 2047])
def test_a_signed_register_keeps_its_sign_apart_from_its_magnitude(value):
    data = HOMING_OFFSET.encode(value)
    assert HOMING_OFFSET.decode(data) == value
    assert int.from_bytes(data, "little") == abs(value) + 2048 * (value < 0)
    with pytest.raises(ValueError, match="got 2048 for homing offset, which has 11 bits"):
        HOMING_OFFSET.encode(2048)


def test_torque_goes_on_where_the_arm_is_and_stays_on():
    env, port = arm()
    port.poke(3, PRESENT_POSITION, 1234)
    assert env.reset(0) == "wave"
    assert port.peek(3, GOAL_POSITION) == 1234
    assert all(port.peek(joint.id, TORQUE) for joint in CALIBRATED)
    env.stop()
    env.close()
    assert all(port.peek(joint.id, TORQUE) for joint in CALIBRATED)
    env.release()
    assert not any(port.peek(joint.id, TORQUE) for joint in CALIBRATED)


def test_degrees_and_strokes_are_lerobot_s():
    env, port = arm()
    for joint in CALIBRATED:
        port.poke(joint.id, PRESENT_POSITION, joint.range_max)
    expected = [(high - low) / 2 * 360 / 4095 for low, high in RANGES[:5]]
    assert env.state() == pytest.approx([*expected, 100.0])
    env.apply(np.array([0.0, 0.0, 0.0, 0.0, 0.0, 0.0]))
    goals = [port.peek(joint.id, GOAL_POSITION) for joint in CALIBRATED]
    assert goals == [2050, 2000, 1975, 2050, 2048, 2000]
    env.apply(np.array([900.0, -900.0, 0.0, 0.0, 0.0, 300.0]))  # never out of the calibrated range
    assert [port.peek(k, GOAL_POSITION) for k in (1, 2, 6)] == [3400, 800, 3500]


def test_lost_and_garbled_packets_are_asked_for_again_and_never_believed():
    env, port = arm(seed=5, loss=0.03, noise=0.03)
    for joint in CALIBRATED:
        port.poke(joint.id, PRESENT_POSITION, joint.range_min)
    low = limits(CALIBRATED)["arm.joints"].low
    for _ in range(100):
        assert env.state() == pytest.approx([*low, 0.0])
    assert env._bus.repeated > 20


def test_a_servo_that_is_gone_is_named_and_the_others_are_held():
    env, port = arm()
    env.reset(0)
    env.apply(np.full(6, 20.0))
    port.silent = {3}
    with pytest.raises(BusError, match=r"servos \[3\] do not answer"):
        env.state()
    with pytest.raises(BusError, match=r"servos \[3\]"):
        env.stop()
    others = [joint.id for joint in CALIBRATED if joint.id != 3]
    assert all(port.peek(k, GOAL_POSITION) == port.peek(k, PRESENT_POSITION) for k in others)


def test_a_servo_in_trouble_ends_the_episode_and_can_still_be_stopped():
    env, port = arm()
    env.reset(0)
    port.errors = {2: 0b100100}
    with pytest.raises(BusError, match="2: 'too hot, overloaded'"):
        env.state()
    env.stop()
    assert port.peek(2, GOAL_POSITION) == port.peek(2, PRESENT_POSITION)
    port.errors = {}
    assert env.state().shape == (6,)


class Wave:
    """Swings each joint by 20 degrees and opens the gripper half."""

    embodiment = SO101
    action_horizon, max_prefix = 30, 6

    def infer(self, observation, prefix, seed):
        phase = (observation.time_s + np.arange(30) * SO101.dt)[:, None]
        rows = np.concatenate([20 * np.sin(phase) + np.zeros((1, 5)), np.full((30, 1), 50.0)], axis=1)
        return Chunk(rows, observation.time_s, SO101.dt)


def fly(env):
    return rollout(
        env,
        Episode(0),
        inference=VirtualInference(Wave(), 0.1),
        strategy=Prefix(),
        clock=VirtualClock(),
        limits=limits(CALIBRATED),
        time_limit_s=1.5,
    )


def test_a_policy_moves_the_arm_over_a_bad_line_and_leaves_it_standing():
    env, port = arm(seed=1, loss=0.05, noise=0.05)
    result = fly(env)
    assert result.error is None and len(result.ticks) == 45
    assert env.state() == pytest.approx(result.ticks[-1].command, abs=3.0)
    assert all(port.peek(j.id, GOAL_POSITION) == port.peek(j.id, PRESENT_POSITION) for j in CALIBRATED)


def test_a_servo_that_dies_ends_the_episode_with_its_number():
    env, port = arm()
    apply = env.apply

    def dying(action):
        port.silent = {5}
        apply(action)

    env.apply = dying
    result = fly(env)
    assert "servos [5] do not answer" in result.error and len(result.ticks) == 10


FILE = {name: {**vars(joint)} for name, joint in zip(JOINTS, CALIBRATED, strict=True)}


def test_a_calibration_file_is_read_in_the_arm_s_order(tmp_path):
    path = tmp_path / "so101.json"
    path.write_text(json.dumps(dict(reversed(FILE.items()))))
    assert calibration.load(path, JOINTS) == CALIBRATED


@pytest.mark.parametrize(
    "name, change, message",
    [
        ("gripper", None, "expected .*'gripper'"),
        ("gripper", {"id": 1}, "two joints have one id"),
        ("gripper", {"range_min": 3600}, "gripper: got range_min 3600, range_max 3500"),
        ("gripper", {"drive_mode": 1}, "gripper: got drive_mode 1, expected 0"),
        ("gripper", {"range_max": "3500"}, "gripper: range_max: got '3500', expected int"),
    ],
)
def test_a_calibration_file_that_cannot_be_is_refused(tmp_path, name, change, message):
    data = {key: dict(value) for key, value in FILE.items()}
    if change is None:
        del data[name]
    else:
        data[name] |= change
    path = tmp_path / "so101.json"
    path.write_text(json.dumps(data))
    with pytest.raises(ValueError, match=message):
        calibration.load(path, JOINTS)


def test_an_arm_that_was_calibrated_otherwise_is_refused():
    port = SimulatedPort(CALIBRATED)
    port.poke(4, HOMING_OFFSET, 7)
    with pytest.raises(ValueError, match="wrist_flex has homing offset 7, its calibration file 50"):
        Arm(Bus(port), CALIBRATED, dict, "wave")


def test_without_pyserial_one_line_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "serial", None)
    with pytest.raises(RuntimeError, match="pip install pyserial"):
        bus.open_port("/dev/ttyACM0")
