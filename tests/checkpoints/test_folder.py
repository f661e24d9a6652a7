"""A checkpoint folder comes back exactly; a broken one is refused in one line that names what is wrong."""

import json
import shutil
import struct
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from xr0.checkpoints import folder as checkpoint
from xr0.checkpoints import tensors, weights
from xr0.checkpoints.inspection import inspect
from xr0.config import WINDOWED
from xr0.policy import Policy, Request
from xr0.sizes import OFFICIAL_SPECIAL_IDS, TINY_IMAGES, tiny_model
from xr0.transform import tokenizer
from xr0.transform.normalize import Stats
from xr0.transform.processor import Processor
from xr0_robot.sims.bricks.embodiment import BRICKS


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    learned = tokenizer.train(["put the red brick in the left bin"], 300)
    torch.manual_seed(0)
    vla = checkpoint.VLA(tiny_model(learned.get_vocab_size(), tokenizer.special_ids(learned)))
    std = np.zeros((30, 32), np.float32)
    std[:, :7] = 0.1
    stats = Stats(
        np.zeros((30, 32), np.float32), std, np.zeros(32, np.float32), np.ones(32, np.float32), "made up"
    )
    path = tmp_path_factory.mktemp("checkpoint") / "small"
    processor = Processor(learned, TINY_IMAGES)
    robots = {BRICKS.name: checkpoint.Robot(BRICKS, stats)}
    checkpoint.save(path, checkpoint.Checkpoint(vla, processor, robots, WINDOWED, "", ""))
    return path


@pytest.fixture
def copy(folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(folder, tmp_path / "copy"))


def request(**changes: object) -> Request:
    images = {c.key: np.full((c.height, c.width, 3), 90, np.uint8) for c in BRICKS.cameras}
    fields = {
        "images": images,
        "state": np.zeros(7),
        "instruction": "put the red brick away",
        "prefix": None,
        "seed": 1,
    }
    return Request(**{**fields, **changes})  # type: ignore[arg-type]


def test_the_folder_holds_everything(folder: Path) -> None:
    loaded = checkpoint.load(folder)
    assert loaded.robot(None).embodiment == BRICKS
    assert loaded.contract == WINDOWED
    assert loaded.robot(None).stats.fingerprint == "made up"
    assert (
        checkpoint.load(folder).fingerprint
        == loaded.fingerprint
        == weights.fingerprint([folder / tensors.SINGLE])
    )


def test_the_same_request_has_the_same_answer_and_another_seed_another(folder: Path) -> None:
    policy = Policy.from_pretrained(folder)
    a, timing = policy.infer(request())
    b, _ = policy.infer(request())
    c, _ = policy.infer(request(seed=2))
    assert a.shape == (30, 7)
    assert np.array_equal(a, b)
    assert not np.allclose(a, c)
    assert timing.total_ms == pytest.approx(
        timing.preprocess_ms + timing.vision_ms + timing.prefill_ms + timing.denoise_ms
    )


def test_a_prefix_comes_back_as_the_first_commands_whatever_the_state_now(folder: Path) -> None:
    policy = Policy.from_pretrained(folder)
    prefix = np.tile([0.3, 0.1, 0.2, 0.0, 0.0, 0.3, 1.0], (4, 1))
    state = np.array([0.35, 0.0, 0.25, 0.0, 0.0, -0.2, 0.5])
    actions, _ = policy.infer(request(prefix=prefix, state=state))
    np.testing.assert_allclose(actions[:4], prefix, atol=1e-6)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"state": np.zeros(6)}, r"state: got float64 of shape \(6,\), expected numbers of shape \(7,\)"),
        ({"state": np.full(7, np.nan)}, "state: got NaN"),
        ({"images": {}}, "camera 'base': missing"),
        ({"images": {"base": np.zeros((64, 64, 3), np.uint8)}}, "camera 'base': got uint8 of shape"),
        ({"images": {"base": np.zeros((128, 128, 3), np.float32)}}, "camera 'base': got float32"),
        ({"instruction": "  "}, "empty sentence"),
        ({"prefix": np.zeros((7, 7))}, "prefix: got 7 ticks, this checkpoint continues at most 6"),
        ({"prefix": np.full((2, 7), np.inf)}, "prefix row 0: got NaN or infinity"),
        ({"prefix": np.zeros((2, 3))}, "prefix row 0"),
        ({"state": np.full(7, 1e308)}, "state: got a number inf standard deviations from .* at most 1000"),
        ({"state": np.array([0, 0, 0, 0, 0, 0, 2e3])}, "state: got a number 2e\\+03 standard deviations"),
        ({"prefix": np.full((2, 7), 1e308)}, "prefix: got a number (inf|nan) standard deviations"),
    ],
)
def test_a_bad_request_is_one_line(folder: Path, changes: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        Policy.from_pretrained(folder).infer(request(**changes))
    assert "\n" not in str(caught.value)


def test_a_folder_is_never_overwritten(folder: Path) -> None:
    with pytest.raises(FileExistsError, match="exists already"):
        checkpoint.save(folder, checkpoint.load(folder))


def test_a_slot_that_was_constant_in_the_data_stays_at_its_mean(copy: Path) -> None:
    path = copy / checkpoint.STATS
    robots = json.loads(path.read_text())
    stats = robots[BRICKS.name]
    for mean, std in zip(stats["action_mean"], stats["action_std"], strict=True):
        mean[6], std[6] = 1.0, 0.0
    path.write_text(json.dumps(robots))
    actions, _ = Policy.from_pretrained(copy).infer(request())
    assert (actions[:, 6] == 1.0).all()


def test_every_missing_unexpected_and_misshapen_tensor_is_named(copy: Path) -> None:
    path = copy / tensors.SINGLE
    values = load_file(path)
    values["extra"] = values.pop("sink.weight")
    values["t_projector.layers.0.bias"] = torch.zeros(3)
    save_file(values, path)
    with pytest.raises(ValueError, match="does not fit") as caught:
        checkpoint.load(copy)
    for part in (
        "missing sink.weight",
        "unexpected extra",
        "t_projector.layers.0.bias is (3,), expected (768,)",
    ):
        assert part in str(caught.value)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_weights_that_are_not_finite_are_refused_by_name(copy: Path, value: float) -> None:
    path = copy / tensors.SINGLE
    values = load_file(path)
    for name in ("sink.weight", "t_projector.layers.0.bias"):
        values[name].view(-1)[-1] = value
    save_file(values, path)
    with pytest.raises(ValueError, match=r"has NaN or infinity in sink.weight, t_projector.layers.0.bias$"):
        checkpoint.load(copy)


def test_an_answer_that_is_not_finite_is_an_error_not_a_command(copy: Path) -> None:
    """Finite weights whose products are not."""
    path = copy / tensors.SINGLE
    values = load_file(path)
    values["action_projector.layers.0.weight"].fill_(3e38)
    save_file(values, path)
    with pytest.raises(ValueError, match="policy: the model answers with NaN or infinity"):
        Policy.from_pretrained(copy).infer(request())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "no file tokenizer.json"),
        ("{}", "is not a tokenizer.json"),
        ("other", "does not fit the model: image_token_id"),
    ],
)
def test_inspect_refuses_the_tokenizer_that_loading_refuses(
    copy: Path, text: str | None, message: str
) -> None:
    path = copy / checkpoint.TOKENIZER
    if text is None:
        path.unlink()
    else:
        other = tokenizer.placeholder(OFFICIAL_SPECIAL_IDS).to_str()
        path.write_text(other if text == "other" else text)
    for read in (inspect, checkpoint.load):
        with pytest.raises((ValueError, FileNotFoundError), match=message):
            read(copy)


@pytest.mark.parametrize("name", ["config.json", "stats.json", "tokenizer.json", "model.safetensors"])
def test_a_missing_file_is_named(copy: Path, name: str) -> None:
    (copy / name).unlink()
    with pytest.raises(FileNotFoundError, match=name):
        checkpoint.load(copy)


def test_a_truncated_file_is_recognised(copy: Path) -> None:
    path = copy / tensors.SINGLE
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ValueError, match="truncated"):
        checkpoint.load(copy)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": "xr0-9"}, "format 'xr0-9', expected 'xr0-2'"),
        ({"contract": {"name": "causal"}}, "Contract: got fields"),
        ({"model": {"vlm": {}}}, "no 'dit' section"),
        ({"robots": {"bricks": {"name": "x"}}}, "robot bricks: missing 'rate_hz'"),
        ({"robots": {}}, r"names the robots \[\], stats.json \['bricks'\], expected the same"),
        ({"images": {"patch": 8}}, "config.json: .*missing"),
    ],
)
def test_a_wrong_config_is_one_line(copy: Path, change: dict, message: str) -> None:
    path = copy / checkpoint.CONFIG
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(ValueError, match=message):
        checkpoint.load(copy)


@settings(max_examples=60)
@given(st.binary(max_size=200), st.integers(0, 2**64 - 1))
def test_no_bytes_are_taken_for_weights(
    tmp_path_factory: pytest.TempPathFactory, body: bytes, length: int
) -> None:
    path = tmp_path_factory.mktemp("fuzz") / "model.safetensors"
    for content in (body, struct.pack("<Q", length) + body, struct.pack("<Q", len(body)) + body):
        path.write_bytes(content)
        try:
            tensors.read_header(path)
        except ValueError:
            continue
        pytest.fail(f"{content!r} was loaded")
