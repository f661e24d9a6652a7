"""A checkpoint serves several robots: each with its own chunks, in both layouts, and one has to be named."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import released_folder
import torch
from released_folder import VIEW

from xr0.checkpoints import convert, pretrained
from xr0.checkpoints import folder as checkpoint
from xr0.checkpoints.folder import Robot
from xr0.checkpoints.inspection import inspect
from xr0.checkpoints.options import LoadOptions
from xr0.policy import Policy, Request
from xr0.transform.normalize import Quantiles
from xr0_robot.released import LIBERO
from xr0_robot.sims.bricks.embodiment import BRICKS

SHORT = 8
"""Ticks of the second robot's chunks; the first has 30."""

HORIZONS = {"libero_all": 10, "bridge_delta": 4, "calvin_abc_orig": 5}


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bricks' arm, and a robot with shorter chunks that move twice as far."""
    root = tmp_path_factory.mktemp("two")
    one = checkpoint.load(released_folder.own(root / "one"))
    stats = one.robot(None).stats
    cut = {name: getattr(stats, name)[:SHORT] for name in ("action_mean", "action_std")}
    low = Quantiles(cut["action_mean"] - 1, cut["action_mean"] + 1, stats.state_mean - 2, stats.state_mean)
    other = Robot(LIBERO, replace(stats, **{**cut, "action_std": 2 * cut["action_std"]}, quantiles=low))
    robots = {**one.robots, LIBERO.name: other}
    checkpoint.save(root / "two", replace(one, robots=robots))
    return root / "two"


def ask(policy: Policy) -> np.ndarray:
    images = {c.key: np.resize(VIEW, (*c.size, 3)) if c.height else VIEW for c in policy.embodiment.cameras}
    return policy.infer(Request(images, np.full(policy.embodiment.state_dim, 0.1), "lift it", None, 5))[0]


def test_each_robot_has_its_own_chunks(two: Path) -> None:
    both = checkpoint.load(two)
    first, second = Policy(both, "bricks"), Policy(both, "libero")
    assert (first.embodiment, second.embodiment) == (BRICKS, LIBERO)
    assert (ask(first).shape, ask(second).shape) == ((30, 7), (SHORT, 7))
    assert second.metadata()["action_horizon"] == SHORT
    assert np.array_equal(ask(second), ask(Policy.from_pretrained(two, robot_type="libero")))


def test_one_of_several_has_to_be_named(two: Path) -> None:
    with pytest.raises(ValueError, match=r"two serves several robots, name one: --robot-type bricks\|libero"):
        Policy.from_pretrained(two)
    with pytest.raises(ValueError, match=r"two: got robot 'arm', expected one of bricks, libero"):
        Policy(checkpoint.load(two), "arm")
    with pytest.raises(ValueError, match=r"got robot 'arm', expected one of bricks, libero"):
        pretrained.load(two, LoadOptions(robot_type="arm"))


def test_both_layouts_hold_all_robots(two: Path, tmp_path: Path) -> None:
    convert.to_official(two, tmp_path / "official")
    convert.to_xr0(tmp_path / "official", tmp_path / "again", LoadOptions())
    here, there = checkpoint.load(two), checkpoint.load(tmp_path / "again")
    for name, robot in here.robots.items():
        assert there.robot(name).embodiment == robot.embodiment
        assert there.robot(name).stats.to_dict() == robot.stats.to_dict()
    rows = [inspect(folder)["robot_types"] for folder in (two, tmp_path / "official", tmp_path / "again")]
    assert rows[0] == rows[1] == rows[2]
    assert [row["action_horizon"] for row in rows[0].values()] == [30, SHORT]
    released = pretrained.load(tmp_path / "official")
    assert np.array_equal(ask(Policy(released, "libero")), ask(Policy(here, "libero")))


def test_a_released_folder_gives_all_its_robots_where_all_are_known(tmp_path: Path) -> None:
    folder = released_folder.released(
        tmp_path / "r", {"libero_all": 10, "bridge_delta": 4, "calvin_abc_orig": 5}
    )
    loaded = pretrained.load(folder)
    assert {name: robot.stats.horizon for name, robot in loaded.robots.items()} == HORIZONS
    convert.to_xr0(folder, tmp_path / "ours", LoadOptions())
    assert np.array_equal(
        ask(Policy.from_pretrained(tmp_path / "ours", robot_type="bridge_delta")),
        ask(Policy(loaded, "bridge_delta")),
    )


def test_all_robots_of_a_checkpoint_fill_the_model_s_slots(two: Path) -> None:
    both = checkpoint.load(two)
    wide = {"bricks": Robot(replace(BRICKS, model_dim=40), both.robot("bricks").stats)}
    with pytest.raises(ValueError, match=r"robot bricks: model has 32 state and 32 action.*embodiment 40"):
        checkpoint.save(two.parent / "wide", replace(both, robots=wide))


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (None, "has no robots"),
        ({"bricks": 3}, "has no robots"),
        ({"bricks": {"embodiment": 3, "stats": {}}}, "has no robots"),
        ({"bricks": {"embodiment": {}, "stats": {"x": 1}}}, "stats: got"),
    ],
)
def test_a_broken_entry_of_ours_is_one_line(two: Path, tmp_path: Path, entry: object, message: str) -> None:
    convert.to_official(two, tmp_path / "official")
    path = tmp_path / "official/config.json"
    config = json.loads(path.read_text())
    config["xr0"]["robots"] = entry
    path.write_text(json.dumps(config))
    with pytest.raises(ValueError, match=message) as caught:
        pretrained.load(tmp_path / "official", LoadOptions(robot_type="bricks"))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("steps", [1, 3])
def test_a_policy_takes_the_steps_it_is_told(two: Path, steps: int) -> None:
    """An integration of n steps asks for the velocity n times."""
    policy = Policy.from_pretrained(two, robot_type="bricks", steps=steps)
    times: list[torch.Tensor] = []
    policy.vla.dit.register_forward_hook(lambda *_: times.append(torch.zeros(())))
    ask(policy)
    assert len(times) == steps
    with pytest.raises(ValueError, match="got 0 Euler steps"):
        Policy.from_pretrained(two, robot_type="bricks", steps=0)
