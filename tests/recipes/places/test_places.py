"""A model that is shown pictures and told nothing learns where their things are, and forgets the heads."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from small_robot import ARM

from xr0.checkpoints import folder as checkpoint
from xr0.data.collate import pad_rows
from xr0.data.source import Source
from xr0.recipes.choice import pretrain_choice
from xr0.recipes.given import open_sources
from xr0.recipes.named import CHOICE
from xr0.recipes.patches import patch_loss, patch_of, told_loss
from xr0.recipes.places.labels import RECORDED, Things, placed_labels
from xr0.recipes.places.lesson import placed
from xr0.recipes.settings import Given
from xr0.train.distributed import World
from xr0.train.settings import Execution
from xr0.transform import tokenizer
from xr0.transform.images import ImageSpec, arranged
from xr0.transform.processor import Processor
from xr0.transform.prompt import IM_START, IMAGE_PAD
from xr0_robot.features import ENVIRONMENT_STATE, OBJECT_PIXELS
from xr0_robot.record.lerobot_writer import LeRobotWriter
from xr0_robot.types import Camera, Embodiment

ALONE = World(0, 1, torch.device("cpu"))
SPEC = ImageSpec(patch=8, merge=2, temporal=2)
ROBOT = replace(ARM, cameras=(Camera("front", "Base View", 64, 32), Camera("side", "Side View", 32, 32)))
COLUMNS = {
    ENVIRONMENT_STATE: ("cup.mass", "lid.x", "lid.y", "lid.z", "cup.x", "cup.y", "cup.z"),
    OBJECT_PIXELS: ("cup.u", "cup.v", "lid.u", "lid.v"),
}


def record(root: Path, robot: Embodiment = ROBOT, columns: dict = COLUMNS, episodes: int = 12) -> str:
    """A white cup and a black lid on grey; where they are is 1 m for each pixel. The arm stays."""
    rng = np.random.default_rng(0)
    with LeRobotWriter(root, robot, 10, "test", columns) as writer:
        for _ in range(episodes):
            for _ in range(12):
                cup, lid = rng.uniform((3, 3), (29, 61), (2, 2))
                front = np.full((64, 32, 3), 128, np.uint8)
                for (u, v), shade in ((cup, 255), (lid, 0)):
                    front[int(v) - 3 : int(v) + 3, int(u) - 3 : int(u) + 3] = shade
                images = {"front": front, "side": np.zeros((32, 32, 3), np.uint8)}
                values = {
                    ENVIRONMENT_STATE: np.array([5.0, *lid, 0.0, *cup, 0.0]),
                    OBJECT_PIXELS: np.concatenate([cup, lid]),
                }
                extra = {name: values[name][: len(names)] for name, names in columns.items()}
                writer.add_frame(
                    {c.key: images[c.key] for c in robot.cameras}, np.zeros(2), np.zeros(2), "go", extra
                )
            writer.save_episode()
    return str(root)


def opened(data: str) -> Source:
    return open_sources(Given((data,)), 1.0, ALONE, RECORDED)[0]


def test_a_point_lies_in_the_patch_that_shows_it() -> None:
    assert patch_of(np.array([0.0, 0.0]), (4, 2)) == 0
    assert patch_of(np.array([0.6, 0.3]), (4, 2)) == 3
    assert patch_of(np.array([0.99, 0.99]), (4, 2)) == 7
    for outside in ([1.0, 0.5], [0.5, -0.01], [np.nan, 0.5]):
        assert patch_of(np.array(outside), (4, 2)) is None


def test_labels_stand_at_the_first_views_tokens_whatever_came_before_in_the_batch(tmp_path: Path) -> None:
    source = opened(record(tmp_path / "data", episodes=4))
    processor = Processor(tokenizer.train(["go"] * 5, 330), SPEC)
    things = Things.of([source])
    assert things.names == ("cup", "lid")
    images = {"front": np.zeros((64, 32, 3), np.uint8), "side": np.zeros((32, 32, 3), np.uint8)}
    one = replace(ROBOT, cameras=ROBOT.cameras[1:])
    rows = [processor.action(images, "go", robot) for robot in (one, ROBOT)]
    inputs = pad_rows(rows, processor)
    pixels = np.array([[[0.9, 0.1], [0.2, 2.0]], [[0.9, 0.6], [0.1, 0.9]]])
    place = np.zeros((2, 2, 3), np.float32)
    labels = placed_labels(place, pixels, [1, 2], inputs, processor)
    pad = tokenizer.token_id(processor.tokenizer, IMAGE_PAD)
    shown = [(inputs.input_ids[i] == pad).nonzero()[:, 0].tolist() for i in range(2)]
    assert [len(each) for each in shown] == [4, 8 + 4]
    assert labels.in_view[1].nonzero()[:, 0].tolist() == shown[1][:8]
    assert labels.presence[0].nonzero().tolist() == [[shown[0][1], 0]]  # the lid is outside the picture
    assert labels.presence[1].nonzero().tolist() == [[shown[1][2 * 2 + 1], 0], [shown[1][3 * 2], 1]]
    turn = tokenizer.token_id(processor.tokenizer, IM_START)
    for row in range(2):
        behind = labels.behind[row].nonzero()[:, 0]
        assert inputs.input_ids[row, behind[0]] == turn
        assert (inputs.input_ids[row, behind[1:]] != turn).all()
        assert not labels.behind[row][inputs.attention_mask[row] == 0].any()


def test_places_are_of_the_frame_and_normalised(tmp_path: Path) -> None:
    source = opened(record(tmp_path / "data", episodes=4))
    things = Things.of([source])
    row = source.numbers.rows(ENVIRONMENT_STATE, 2, 5, 6)[0]
    told = things.place(source, 2, 5) * things.std + things.mean
    np.testing.assert_allclose(told, [row[4:7], row[1:4]], atol=1e-4)
    np.testing.assert_allclose(
        things.pixels(source, 2, 5), [row[4:6] / (32, 64), row[1:3] / (32, 64)], atol=1e-6
    )
    assert np.isfinite(things.place(source, 0, 0)).all()  # their height never changes


def test_datasets_of_other_things_are_told_apart(tmp_path: Path) -> None:
    other = {ENVIRONMENT_STATE: ("pot.x", "pot.y", "pot.z"), OBJECT_PIXELS: ("pot.u", "pot.v")}
    both = [
        opened(record(tmp_path / name, columns=columns)) for name, columns in (("a", COLUMNS), ("b", other))
    ]
    things = Things.of(both)
    assert things.names == ("cup", "lid", "pot")
    for source, absent in zip(both, ([2], [0, 1]), strict=True):
        assert np.isnan(things.pixels(source, 0, 3)).any(1).nonzero()[0].tolist() == absent
    alone, first = Things.of(both[:1]), things.place(both[0], 0, 3)
    assert np.isnan(first[2]).all()
    np.testing.assert_allclose(things.std[2], Things.of(both[1:]).std[0])
    told = first * things.std + things.mean
    np.testing.assert_allclose(told[:2], alone.place(both[0], 0, 3) * alone.std + alone.mean, atol=1e-4)


@pytest.mark.parametrize("how", [{"rotate": 180}, {"rotate": 90, "flip": "vertical"}])
def test_places_are_where_the_model_sees_a_turned_picture(tmp_path: Path, how: dict) -> None:
    front = replace(ROBOT.cameras[0], **how)
    source = opened(record(tmp_path / "data", replace(ROBOT, cameras=(front, ROBOT.cameras[1])), episodes=4))
    recorded = np.zeros((64, 32, 3), np.uint8)
    u, v = source.numbers.rows(OBJECT_PIXELS, 1, 3, 4)[0][:2]
    recorded[int(v), int(u)] = 255
    seen = arranged(recorded, front)
    row, column = np.unravel_index(seen[..., 0].argmax(), seen.shape[:2])
    right, down = Things.of([source]).pixels(source, 1, 3)[0] * seen.shape[1::-1]
    assert np.abs([right - 0.5 - column, down - 0.5 - row]).max() <= 0.5


def test_perfect_answers_cost_nothing_and_wrong_ones_do() -> None:
    presence = torch.zeros(1, 3, 2)
    presence[0, 1, 0] = 1.0
    wanted, in_view = torch.randn(1, 2, 3), torch.tensor([[True, True, False]])
    said = torch.cat([(presence * 40 - 20)[..., None], wanted[:, None].expand(-1, 3, -1, -1)], dim=-1)
    assert patch_loss(said, presence, wanted, in_view) < 1e-6
    elsewhere = said.clone()
    elsewhere[0, 2, :, 0] = 20.0  # outside the view it does not matter
    assert patch_loss(elsewhere, presence, wanted, in_view) < 1e-6
    elsewhere[0, 0, :, 0] = 20.0
    assert patch_loss(elsewhere, presence, wanted, in_view) > 5
    answer, asked = torch.randn(1, 6), torch.tensor([[False, True]])
    told = torch.stack([torch.zeros(1, 6), answer], dim=1)
    assert told_loss(told, asked, answer[:, None], answer) == 0
    assert told_loss(told, ~asked, answer[:, None], answer) > 0.1
    unknown = torch.cat([answer, torch.full((1, 3), torch.nan)], dim=1)
    more = torch.cat([told, torch.ones(1, 2, 3)], dim=2).requires_grad_()
    loss = told_loss(more, ~asked, more[:, 1:], unknown)
    assert torch.isclose(loss, told_loss(told, ~asked, answer[:, None], answer))
    loss.backward()
    assert more.grad is not None and more.grad[..., 6:].eq(0).all()


def lesson(tmp_path: Path, steps: int) -> list[dict]:
    """The metrics of a run of the stage."""
    how = replace(
        CHOICE["tiny"].train,
        steps=steps,
        warmup=5,
        batch=16,
        execution=Execution(validate_on=16, validate_every=20),
    )
    settings, given = replace(CHOICE["tiny"], train=how, places=True), Given((record(tmp_path / "data"),))
    pretrain_choice(given, (), None, tmp_path / "run", settings, placed, extra=RECORDED)
    return [json.loads(line) for line in (tmp_path / "run/metrics.jsonl").read_text().splitlines()]


def test_the_checkpoint_has_no_trace_of_it(tmp_path: Path) -> None:
    logged = lesson(tmp_path, steps=2)
    assert logged[0]["loss"] == pytest.approx(sum(logged[0][part] for part in ("patch", "told")), abs=1e-5)
    weights = checkpoint.load(tmp_path / "run/checkpoint").vla.state_dict()
    assert not [name for name in weights if "patch." in name or "told" in name]


@pytest.mark.slow
def test_where_things_are_is_learnt(tmp_path: Path) -> None:
    errors = [line["validation told"] for line in lesson(tmp_path, steps=60) if "validation told" in line]
    assert errors[-1] < 0.6 * errors[0]


@pytest.mark.parametrize(
    ("robot", "columns", "message"),
    [
        (ROBOT, {ENVIRONMENT_STATE: COLUMNS[ENVIRONMENT_STATE]}, "no feature observation.object_pixels"),
        (ROBOT, {**COLUMNS, OBJECT_PIXELS: ("cup.u", "cup.v", "pot.u", "pot.v")}, r"lacks \['pot.x'"),
        (
            replace(ROBOT, cameras=(replace(ROBOT.cameras[0], crop=0.95), ROBOT.cameras[1])),
            COLUMNS,
            "camera 'front' .* is cropped to 0.95",
        ),
    ],
)
def test_data_that_does_not_say_where_things_are_is_refused(
    tmp_path: Path, robot: Embodiment, columns: dict, message: str
) -> None:
    given = Given((record(tmp_path / "data", robot, columns, episodes=2),))
    settings = replace(CHOICE["tiny"], places=True)
    with pytest.raises(ValueError, match=message):  # before the folder of a VLM is looked for
        pretrain_choice(given, (), "no such vlm", tmp_path / "run", settings, placed, extra=RECORDED)
