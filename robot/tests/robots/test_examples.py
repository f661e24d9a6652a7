"""The example robots of docs/, on a simulated bus and against a ROS 2 that only pretends."""

import importlib.util
import sys
import threading
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from xr0_robot.flight import log
from xr0_robot.flight.replay import replay
from xr0_robot.robots.feetech.arm import SO101
from xr0_robot.robots.feetech.bus import GOAL_POSITION, PRESENT_POSITION, TORQUE
from xr0_robot.robots.feetech.simulated import SimulatedPort
from xr0_robot.types import MODEL_DIM, Camera, Chunk, Embodiment, Segment

DOCS = Path(__file__).resolve().parents[3] / "docs"


def example(name):
    spec = importlib.util.spec_from_file_location(name, DOCS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Towards:
    """Goes to one place, at a tenth of the way a tick."""

    action_horizon, max_prefix = 30, 6

    def __init__(self, embodiment, place):
        self.embodiment, self.place = embodiment, np.asarray(place)

    def infer(self, observation, prefix, seed):
        rows, last = [], observation.state
        for _ in range(30):
            last = last + 0.1 * (self.place - last)
            rows.append(last)
        return Chunk(np.stack(rows), observation.time_s, self.embodiment.dt)


def test_the_so101_is_driven_over_its_bus_and_what_it_did_can_be_replayed(tmp_path):
    so101 = example("so101")
    # Three losses in a row are a fault by the bus's contract: rare here, whatever order threads ask in.
    port = SimulatedPort(so101.SIMULATED, seed=2, loss=0.004, noise=0.004)
    small = tuple(Camera(camera.key, camera.title, 24, 32) for camera in SO101.cameras)
    robot = Embodiment(**{**vars(SO101), "cameras": small})
    policy = Towards(robot, [10, -10, 5, 0, 20, 80])
    result = so101.run(policy, port, so101.SIMULATED, "wave", 1.0, tmp_path)
    assert result.error is None and len(result.ticks) == 30
    for joint in so101.SIMULATED:
        assert port.peek(joint.id, TORQUE) == 1
        assert port.peek(joint.id, GOAL_POSITION) == port.peek(joint.id, PRESENT_POSITION)
    assert port.peek(1, PRESENT_POSITION) > 2010 and port.peek(2, PRESENT_POSITION) < 1990
    (flight,) = log.read(tmp_path)
    outcome = replay(flight)
    assert (outcome.difference, outcome.ticks) == (None, 30)


def test_the_so101_refuses_a_port_without_its_calibration(capsys):
    with pytest.raises(SystemExit):
        example("so101").main(["ws://nowhere", "--port", "/dev/ttyACM0"])
    assert "--port and --calibration come together" in capsys.readouterr().err


ROS_ARM = Embodiment(
    name="ros_arm",
    rate_hz=30.0,
    cameras=(Camera("front", "Front View", 4, 6),),
    segments=(Segment("arm.joints", "plain", "chunk_start", native=0, model=0, size=6),),
    model_dim=MODEL_DIM,
    frame="joint angles",
    gripper="none",
)
NAMES = ("wrist_3", "shoulder_pan", "shoulder_lift", "elbow", "wrist_1", "wrist_2", "gripper")


class Ros:
    """What the example uses of rclpy: an arm that follows its commands, until it is silent."""

    def __init__(self):
        self.position = dict.fromkeys(NAMES, 0.0)
        self.heard, self.listeners, self.silent = [], {}, False
        self._shut = threading.Event()

    def install(self, monkeypatch):
        modules = {
            "rclpy": {"init": lambda: None, "create_node": lambda name: self, "spin": self.spin},
            "sensor_msgs": {},
            "sensor_msgs.msg": {"Image": "Image", "JointState": "JointState"},
            "std_msgs": {},
            "std_msgs.msg": {"Float64MultiArray": SimpleNamespace},
        }
        modules["rclpy"]["shutdown"] = self._shut.set
        for name, content in modules.items():
            module = ModuleType(name)
            vars(module).update(content)
            monkeypatch.setitem(sys.modules, name, module)

    def create_publisher(self, kind, topic, depth):
        assert topic == "/forward_position_controller/commands"
        return SimpleNamespace(publish=self.obey)

    def create_subscription(self, kind, topic, callback, depth):
        self.listeners[topic] = callback

    def obey(self, message):
        self.heard.append(message.data)
        ordered = ("shoulder_pan", "shoulder_lift", "elbow", "wrist_1", "wrist_2", "wrist_3")
        self.position.update(zip(ordered, message.data, strict=True))

    def spin(self, node):
        row = np.zeros((4, 32), np.uint8)  # 18 bytes of pixels, then padding
        row[:, 0:18:3] = 200
        image = SimpleNamespace(height=4, width=6, step=32, encoding="bgr8", data=row.tobytes())
        while not self._shut.wait(0.005):
            if not self.silent:
                joints = SimpleNamespace(name=NAMES, position=[self.position[name] for name in NAMES])
                self.listeners["/joint_states"](joints)
                self.listeners["/front/image_raw"](image)


def test_the_ros_arm_follows_in_its_own_order_of_joints_and_stops_where_it_is(monkeypatch, tmp_path):
    ros = Ros()
    ros.install(monkeypatch)
    place = [0.05, -0.05, 0.1, 0.0, 0.0, -0.1]
    assert example("ros2_arm").run(Towards(ROS_ARM, place), "go", 1.5, tmp_path) == 0
    assert ros.heard[-1] == pytest.approx(place, abs=0.04)
    assert ros.position["wrist_3"] < -0.06 < 0.06 < ros.position["elbow"]
    (flight,) = log.read(tmp_path)
    assert replay(flight).difference is None
    pictures = [record["pictures"] for record in flight.records() if record["event"] == "observation"]
    assert pictures[0]["front"].shape == (4, 6, 3)
    assert pictures[0]["front"][..., 2].min() == 200 and not pictures[0]["front"][..., :2].any()


def test_a_ros_arm_whose_joints_go_silent_is_stopped_and_says_why(monkeypatch, tmp_path, capsys):
    ros = Ros()
    ros.install(monkeypatch)
    threading.Timer(0.5, lambda: setattr(ros, "silent", True)).start()
    assert example("ros2_arm").run(Towards(ROS_ARM, [0.2] * 6), "go", 60.0, tmp_path) == 1
    assert "/joint_states is 0." in capsys.readouterr().out


def test_a_picture_in_another_encoding_is_refused():
    message = SimpleNamespace(height=1, width=1, step=3, encoding="mono8", data=b"abc")
    with pytest.raises(ValueError, match="got a picture in mono8"):
        example("ros2_arm").picture(message)
