"""A robot that the start has never seen is trained, exported and acts, whatever learns."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from small_robot import ARM, record

from xr0.checkpoints import convert
from xr0.checkpoints import folder as checkpoint
from xr0.config import CAUSAL, FULL, WINDOWED
from xr0.policy import Policy, Request
from xr0.recipes.choice import pretrain_choice
from xr0.recipes.expert import post_train, pretrain_flow
from xr0.recipes.named import CHOICE, FLOW, POST_TRAIN
from xr0.recipes.settings import Given, StageSettings, Start
from xr0.train.settings import Execution
from xr0_robot.types import Embodiment, Segment

TINY = Path(__file__).parents[2] / "checkpoints/tiny"
WIDE = Embodiment(
    "wide",
    10.0,
    ARM.cameras,
    (Segment("joints", "plain", "chunk_start", 0, 34, 2),),
    36,
    "joints [rad]",
    "none",
)


def brief(whole: StageSettings, **changes: object) -> StageSettings:
    return replace(
        whole,
        train=replace(whole.train, steps=2, warmup=1, batch=2, execution=Execution(validate_on=2)),
        **changes,
    )


def acts(folder: Path) -> np.ndarray:
    request = Request({"front": np.zeros((32, 32, 3), np.uint8)}, np.zeros(2), "move", None, seed=0)
    return Policy(checkpoint.load(folder)).infer(request)[0]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> str:
    return record(tmp_path_factory.mktemp("data") / "arm")


def test_the_expert_learns_another_robot_and_the_vlm_keeps_its_bits(data: str, tmp_path: Path) -> None:
    post_train(Given((data,)), Start(str(TINY)), tmp_path / "run", brief(POST_TRAIN["tiny"]))
    before, after = checkpoint.load(TINY), checkpoint.load(tmp_path / "run/checkpoint")
    for name, value in before.vla.vlm.state_dict().items():
        assert value.equal(after.vla.vlm.state_dict()[name]), name
    assert not before.vla.sink.weight.equal(after.vla.sink.weight)
    assert list(after.robots) == ["arm"]
    assert after.contract == WINDOWED
    assert acts(tmp_path / "run/checkpoint").shape == (10, 2)
    told = json.loads((tmp_path / "run/settings.json").read_text())
    assert told["given"]["data"] == [data]
    assert told["settings"]["train"]["steps"] == 2
    with pytest.raises(FileExistsError, match="holds a finished run"):
        post_train(Given((data,)), Start(str(TINY)), tmp_path / "run", brief(POST_TRAIN["tiny"]))


def test_what_began_in_float32_stays_so_however_it_is_computed(data: str, tmp_path: Path) -> None:
    shown = replace(FLOW["tiny"].train, precision="bf16")
    settings = brief(replace(FLOW["tiny"], train=shown))
    low, halves = checkpoint.load(TINY), tmp_path / "halves"
    checkpoint.save(halves, low, dtype=torch.bfloat16)
    for start, dtype in ((TINY, torch.float32), (halves, torch.bfloat16)):
        pretrain_flow(Given((data,)), Start(str(start)), tmp_path / start.name, settings)
        after = checkpoint.load(tmp_path / start.name / "checkpoint")
        assert {value.dtype for value in after.vla.state_dict().values()} == {dtype}
    exact = checkpoint.load(tmp_path / TINY.name / "checkpoint").vla.expert.state_dict()
    assert any(not value.equal(value.bfloat16().float()) for value in exact.values())


def test_adapters_are_merged_under_the_released_names(data: str, tmp_path: Path) -> None:
    settings = brief(POST_TRAIN["tiny"], trainable="lora", lora_rank=2, prefix="sync")
    post_train(Given((data,)), Start(str(TINY)), tmp_path / "run", settings)
    before, after = checkpoint.load(TINY), checkpoint.load(tmp_path / "run/checkpoint")
    assert before.vla.state_dict().keys() == after.vla.state_dict().keys()
    changed = "vlm.model.language_model.layers.0.self_attn.q_proj.weight"
    assert not before.vla.state_dict()[changed].equal(after.vla.state_dict()[changed])
    assert after.contract == CAUSAL
    convert.to_official(tmp_path / "run/checkpoint", tmp_path / "released")
    assert acts(tmp_path / "run/checkpoint").shape == (10, 2)


def test_a_prefix_that_all_actions_see_is_known_by_its_contract(data: str, tmp_path: Path) -> None:
    post_train(Given((data,)), Start(str(TINY)), tmp_path / "run", brief(POST_TRAIN["tiny"], prefix="full"))
    after = checkpoint.load(tmp_path / "run/checkpoint")
    assert after.contract == FULL
    images, policy = {"front": np.zeros((32, 32, 3), np.uint8)}, Policy(after)

    def last(first: float) -> np.ndarray:
        prefix = np.full((5, 2), 0.1)
        prefix[0] = first
        return policy.infer(Request(images, np.zeros(2), "move", prefix, seed=0))[0][-1]

    assert not np.allclose(last(0.0), last(1.0), atol=1e-4)


def test_more_numbers_than_the_start_has_slots_make_it_wider(tmp_path: Path) -> None:
    data = record(tmp_path / "wide", WIDE)
    pretrain_flow(Given((data,)), Start(str(TINY)), tmp_path / "run", brief(FLOW["tiny"]))
    assert checkpoint.load(tmp_path / "run/checkpoint").vla.config.action_dim == 36
    assert acts(tmp_path / "run/checkpoint").shape == (10, 2)


def test_stage_one_begins_with_a_plain_qwen_and_needs_no_conversations(data: str, tmp_path: Path) -> None:
    convert.to_vlm(TINY, tmp_path / "qwen")
    settings = brief(CHOICE["tiny"], candidates=1)
    pretrain_choice(Given((data,)), (), str(tmp_path / "qwen"), tmp_path / "run", settings)
    before, after = checkpoint.load(TINY), checkpoint.load(tmp_path / "run/checkpoint")
    assert after.vla.vlm.state_dict().keys() == before.vla.vlm.state_dict().keys()
    name = "model.language_model.layers.0.self_attn.q_proj.weight"
    assert not before.vla.vlm.state_dict()[name].equal(after.vla.vlm.state_dict()[name])
    assert acts(tmp_path / "run/checkpoint").shape == (10, 2)


def test_a_title_that_the_start_does_not_know_is_refused_or_said_to_be_new(tmp_path: Path) -> None:
    other = replace(ARM, cameras=(replace(ARM.cameras[0], title="Ceiling View"),))
    given = Given((record(tmp_path / "data", other),))
    with pytest.raises(ValueError, match="titled 'Ceiling View', the checkpoint knows 'Base View'"):
        post_train(given, Start(str(TINY)), tmp_path / "run", brief(POST_TRAIN["tiny"]))
    assert not (tmp_path / "run").exists()
    start = Start(str(TINY), new_titles=True)
    post_train(given, start, tmp_path / "run", brief(POST_TRAIN["tiny"]))
    assert acts(tmp_path / "run/checkpoint").shape == (10, 2)
