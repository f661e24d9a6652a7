"""Folders in the released layout act, and say what they leave open; broken ones are one line."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import released_folder
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from released_folder import SLOTS, VIEW
from safetensors.torch import load_file, save_file

from xr0.checkpoints import pretrained, tensors
from xr0.policy import Policy, Request
from xr0_robot import rotation
from xr0_robot.released import LIBERO, RELEASED, UNDOCUMENTED, WIDOWX, XR0_BIMANUAL


@pytest.fixture(scope="module")
def libero(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return released_folder.released(
        tmp_path_factory.mktemp("released") / "libero", {"libero_all": 10}, shards=2
    )


@pytest.fixture
def copy(libero: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(libero, tmp_path / "copy"))


def request(policy: Policy, **changes: object) -> Request:
    robot = policy.embodiment
    fields = {
        "images": {c.key: np.resize(VIEW, (*c.size, 3)) if c.height else VIEW for c in robot.cameras},
        "state": np.linspace(-0.3, 0.3, robot.state_dim),
        "instruction": "put the red brick in the left bin",
        "prefix": None,
        "seed": 3,
    }
    return Request(**{**fields, **changes})  # type: ignore[arg-type]


def edit(path: Path, change: Callable[[dict], None]) -> None:
    data = json.loads(path.read_text())
    change(data)
    path.write_text(json.dumps(data))


def test_a_released_checkpoint_acts_as_its_statistics_say(libero: Path) -> None:
    policy = Policy.from_pretrained(libero)
    actions, _ = policy.infer(request(policy))
    assert policy.embodiment == LIBERO
    assert policy.action_horizon == 10
    assert actions.shape == (10, SLOTS)
    assert policy.checkpoint.contract.name == "causal"
    stats = policy.stats
    assert stats.epsilon == 0.0
    # The state is fed as it is, the chunk is x * std + mean.
    state = np.linspace(-0.3, 0.3, 8)
    prepared = policy.prepare([request(policy)])
    np.testing.assert_allclose(prepared.state[0, 0, :8].numpy(), state, rtol=1e-6)
    assert prepared.state[0, 0, 8:].eq(0).all()
    assert prepared.action_mask[0].sum(dim=0).tolist() == [10.0] * SLOTS + [0.0] * 25


@pytest.mark.parametrize(("dtype", "rounded"), [(torch.float32, False), (torch.bfloat16, True)])
def test_the_rotary_table_is_rounded_as_the_weights_saw_it(
    tmp_path: Path, dtype: torch.dtype, rounded: bool
) -> None:
    policy = Policy.from_pretrained(released_folder.released(tmp_path / "r", {"bridge_delta": 4}, dtype))
    assert policy.checkpoint.contract.rounded_rope is rounded
    assert policy.dtype == dtype
    actions, _ = policy.infer(request(policy))
    assert actions.shape == (4, SLOTS)
    assert np.isfinite(actions).all()


def test_noise_is_drawn_as_the_released_code_draws_it(tmp_path: Path) -> None:
    policy = Policy.from_pretrained(
        released_folder.released(tmp_path / "r", {"bridge_delta": 4}, torch.bfloat16)
    )
    torch.manual_seed(3)
    expected = torch.randn_like(torch.zeros(1, 4, 32, dtype=torch.bfloat16))
    assert torch.equal(policy.prepare([request(policy)]).noise, expected)


def test_a_batch_answers_as_single_calls_do(libero: Path) -> None:
    policy = Policy.from_pretrained(libero)
    sentences = ("lift it", "put the red brick in the left bin and then the other one on top of it", "Stop.")
    requests = [request(policy, instruction=s, seed=k) for k, s in enumerate(sentences)]
    together, _ = policy.infer_batch(requests)
    for single, chunk in zip(requests, together, strict=True):
        np.testing.assert_allclose(chunk, policy.infer(single)[0], atol=1e-5)
    assert not np.allclose(together[0], together[2])


def test_rows_of_a_batch_may_carry_prefixes_of_different_lengths(tmp_path: Path) -> None:
    folder = released_folder.released(tmp_path / "r", {"mine": 12})
    robot = RELEASED["libero_all"]
    policy = Policy.from_pretrained(folder, contract="windowed", embodiment=robot)
    prefix = np.random.default_rng(1).normal(0.25, 0.1, (6, SLOTS))
    requests = [request(policy, prefix=None if n == 0 else prefix[:n], seed=n) for n in (0, 6, 2)]
    together, _ = policy.infer_batch(requests)
    for n, single, chunk in zip((0, 6, 2), requests, together, strict=True):
        np.testing.assert_allclose(chunk, policy.infer(single)[0], atol=1e-5)
        np.testing.assert_allclose(chunk[:n], prefix[:n], atol=1e-6)


@pytest.mark.parametrize("name", sorted(RELEASED))
def test_every_documented_robot_type_acts(tmp_path: Path, name: str) -> None:
    policy = Policy.from_pretrained(released_folder.released(tmp_path / "r", {name: 4}))
    assert policy.embodiment == RELEASED[name]
    assert policy.infer(request(policy))[0].shape == (4, SLOTS)
    policy.warm_up()


def test_layouts_put_numbers_where_the_release_has_them(tmp_path: Path) -> None:
    policy = Policy.from_pretrained(released_folder.released(tmp_path / "r", {"bridge_delta": 4}))
    state = np.arange(1.0, 8.0)
    got = policy.prepare([request(policy, state=state)]).state[0, 0]
    assert got[:9].tolist() == [1, 2, 3, 4, 5, 6, 0, 7, 0]
    assert WIDOWX.state_dim == 7


def test_two_arms_are_anchored_to_their_own_hands(tmp_path: Path) -> None:
    """The command that repeats the state is no motion; a prefix is anchored to the state it is sent with."""
    policy = Policy.from_pretrained(
        released_folder.released(tmp_path / "r", {"towel": 8}), contract="windowed", embodiment=XR0_BIMANUAL
    )
    rng = np.random.default_rng(0)
    state = rng.normal(0.0, 0.3, XR0_BIMANUAL.state_dim)
    prepared = policy.prepare([request(policy, state=state, prefix=np.stack([state, state]))])
    stats = policy.stats
    decoded = stats.unnormalize_actions(prepared.prefix.actions[0, :2].numpy())
    assert np.abs(decoded[:, :SLOTS]).max() < 1e-6
    slots = prepared.state[0, 0]
    assert slots[:6].eq(0).all()
    np.testing.assert_allclose(slots[6:13].numpy(), state[6:13], rtol=1e-6)
    np.testing.assert_allclose(slots[20:27].numpy(), state[19:26], rtol=1e-6)
    moved = state.copy()
    turn = rotation.exp(state[3:6])
    moved[:3] += turn @ [0.0, 0.0, 0.1]
    forward = policy.prepare([request(policy, state=state, prefix=moved[None])])
    along = stats.unnormalize_actions(forward.prefix.actions[0, :1].numpy())[0]
    np.testing.assert_allclose(along[:6], [0, 0, 0.1, 0, 0, 0], atol=1e-6)


def test_the_post_training_code_s_file_is_read_without_unpickling(libero: Path, tmp_path: Path) -> None:
    folder = tmp_path / "pt"
    shutil.copytree(libero, folder, ignore=shutil.ignore_patterns("*.safetensors", "*index*"))
    values = {}
    for file in libero.glob("*.safetensors"):
        values |= load_file(file)
    named = {f"model.{name}": value for name, value in values.items()}
    named["model.vlm.lm_head.weight"] = values["vlm.model.language_model.embed_tokens.weight"]
    torch.save(
        {"module": named, "global_steps": 5, "ds_version": "0.17"}, folder / "mp_rank_00_model_states.pt"
    )
    policy = Policy.from_pretrained(folder)
    assert policy.checkpoint.contract.name == "windowed"
    assert (policy.checkpoint.contract.window, policy.checkpoint.contract.offset) == (4, 10)
    assert policy.stats.epsilon == 1e-6
    causal = Policy.from_pretrained(libero)
    assert torch.equal(policy.vla.sink.weight, causal.vla.sink.weight)
    assert not np.allclose(policy.infer(request(policy))[0], causal.infer(request(causal))[0])


def test_what_the_files_leave_open_must_be_named(tmp_path: Path) -> None:
    folder = released_folder.released(tmp_path / "r", {"mine": 5, "droid_pt": 15, "libero_all": 10})
    with pytest.raises(
        ValueError, match=r"several robots, name one: --robot-type mine\|droid_pt\|libero_all"
    ):
        Policy.from_pretrained(folder)
    with pytest.raises(ValueError, match="got robot 'x', expected one of mine, droid_pt, libero_all"):
        Policy.from_pretrained(folder, robot_type="x")
    with pytest.raises(
        ValueError, match=r"the contract is not known; name it with --contract causal\|windowed"
    ):
        Policy.from_pretrained(folder, robot_type="libero_all")
    with pytest.raises(ValueError, match=r"contract: got 'wide', expected causal\|windowed"):
        Policy.from_pretrained(folder, robot_type="libero_all", contract="wide")
    with pytest.raises(ValueError, match="'mine' is not known, give its robot with --embodiment"):
        Policy.from_pretrained(folder, robot_type="mine", contract="causal")
    with pytest.raises(ValueError, match="views were not published"):
        Policy.from_pretrained(folder, robot_type="droid_pt", contract="causal")
    policy = Policy.from_pretrained(folder, robot_type="droid_pt", contract="causal", views=["Ego View"])
    assert policy.infer(request(policy))[0].shape == (15, 32)


def test_the_pre_training_checkpoint_s_types_are_known_by_name(tmp_path: Path) -> None:
    folder = released_folder.released(tmp_path / "r", dict.fromkeys(UNDOCUMENTED, 3))
    for name in UNDOCUMENTED:
        policy = Policy.from_pretrained(folder, robot_type=name, views=["Ego View", "Left-Wrist View"])
        assert policy.checkpoint.contract.name == "causal"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"state": np.zeros(7)}, r"state: got float64 of shape \(7,\), expected numbers of shape \(8,\)"),
        ({"state": np.full(8, np.nan)}, "state: got NaN"),
        ({"images": {"base": VIEW}}, "camera 'wrist_left': missing"),
        ({"images": {"base": VIEW[..., 0], "wrist_left": VIEW}}, "camera 'base': got uint8 of shape"),
        ({"images": {"base": VIEW / 255.0, "wrist_left": VIEW}}, "camera 'base': got float64"),
        ({"images": {"base": VIEW[:0], "wrist_left": VIEW}}, "camera 'base': got uint8 of shape"),
        ({"instruction": "go <|image_pad|>"}, "special token"),
        ({"prefix": np.zeros((1, 7))}, "prefix: got 1 ticks, this checkpoint continues at most 0"),
    ],
)
def test_a_bad_request_is_one_line(libero: Path, changes: dict, message: str) -> None:
    policy = Policy.from_pretrained(libero)
    with pytest.raises(ValueError, match=message) as caught:
        policy.infer(request(policy, **changes))
    assert "\n" not in str(caught.value)


def test_a_missing_shard_is_named(copy: Path) -> None:
    (copy / "model-00002-of-00002.safetensors").unlink()
    with pytest.raises(FileNotFoundError, match=r"model-00002-of-00002.safetensors"):
        Policy.from_pretrained(copy)


def test_a_truncated_shard_is_named(copy: Path) -> None:
    path = copy / "model-00001-of-00002.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ValueError, match=r"model-00001-of-00002.safetensors has .* bytes.*truncated"):
        Policy.from_pretrained(copy)


def test_an_index_that_names_a_tensor_twice_is_refused(copy: Path) -> None:
    path = copy / tensors.INDEX
    text = path.read_text().replace(
        '"weight_map": {', '"weight_map": {"sink.weight": "model-00001-of-00002.safetensors", '
    )
    path.write_text(text)
    with pytest.raises(ValueError, match=r"names sink.weight twice"):
        Policy.from_pretrained(copy)


def test_a_tensor_in_two_shards_is_refused(copy: Path) -> None:
    one, two = (copy / f"model-0000{k}-of-00002.safetensors" for k in (1, 2))
    values = load_file(two)
    name = next(iter(load_file(one)))
    save_file({**values, name: load_file(one)[name]}, two)
    with pytest.raises(ValueError, match=f"holds {name}, .* lists it in model-00001"):
        Policy.from_pretrained(copy)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda d: d["weight_map"].update({"sink.weight": "../x.safetensors"}),
            "expected a .*safetensors beside it",
        ),
        (
            lambda d: d["weight_map"].update({"ghost": "model-00001-of-00002.safetensors"}),
            "not in its file: ghost",
        ),
        (lambda d: d["weight_map"].pop("sink.weight"), "holds sink.weight, .* does not list it"),
        (lambda d: d.pop("weight_map"), "has no weight_map"),
    ],
)
def test_an_index_that_does_not_fit_its_shards_is_refused(copy: Path, change: Callable, message: str) -> None:
    edit(copy / tensors.INDEX, change)
    with pytest.raises(ValueError, match=message):
        Policy.from_pretrained(copy)


@pytest.mark.parametrize(
    ("file", "change", "message"),
    [
        ("config.json", lambda d: d["dit_config"].pop("head_dim"), "does not give the model's sizes"),
        ("config.json", lambda d: d["dit_config"].update(hidden_size=64), "does not fit: .*expected"),
        ("config.json", lambda d: d.update(model_type="bert"), "has format None"),
        ("preprocessor_config.json", lambda d: d.pop("action_config"), "no action_config"),
        ("preprocessor_config.json", lambda d: d.update(image_mean=[0.4] * 3), "image_mean is"),
        (
            "preprocessor_config.json",
            lambda d: d["action_config"].update(x={}),
            "robot type x has no mean and std",
        ),
        (
            "preprocessor_config.json",
            lambda d: d["action_config"]["libero_all"].update(std=[[1.0] * 32] * 9),
            r"got \(10, 32\) and \(9, 32\)",
        ),
        (
            "preprocessor_config.json",
            lambda d: d["action_config"]["libero_all"].update(std=[[float("nan")] * 32] * 10),
            "action_std holds NaN",
        ),
    ],
)
def test_a_config_that_is_not_whole_is_one_line(
    copy: Path, file: str, change: Callable, message: str
) -> None:
    edit(copy / file, change)
    with pytest.raises(ValueError, match=message) as caught:
        Policy.from_pretrained(copy)
    assert "\n" not in str(caught.value)


def test_a_tokenizer_of_another_model_is_refused(copy: Path) -> None:
    edit(copy / "config.json", lambda d: d["vlm_config"].update(image_token_id=0))
    with pytest.raises(ValueError, match="does not fit the model: image_token_id"):
        Policy.from_pretrained(copy)


def test_a_pt_file_with_code_in_it_is_not_run(copy: Path, tmp_path: Path) -> None:
    for file in (*copy.glob("*.safetensors"), copy / tensors.INDEX):
        file.unlink()
    torch.save({"module": {"model.x": Path("x")}}, copy / "weights.pt")
    with pytest.raises(ValueError, match="cannot be read as tensors only"):
        Policy.from_pretrained(copy)


def test_neither_folder_nor_hub_name(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no folder .*nothing"):
        Policy.from_pretrained(tmp_path / "nothing" / "here")


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_no_damage_to_a_header_or_index_does_more_than_one_line(libero: Path, data: st.DataObject) -> None:
    """A byte changed, a stretch cut or doubled, anywhere in the JSON: read as it is, or refused by name."""
    source = libero / data.draw(st.sampled_from([tensors.INDEX, "model-00001-of-00002.safetensors"]))
    whole = source.read_bytes()
    end = min(len(whole), 4000)
    at = data.draw(st.integers(0, end - 1))
    span = data.draw(st.integers(0, 40))
    new = data.draw(st.one_of(st.binary(max_size=8), st.just(whole[at : at + span]), st.just(b"[" * 5000)))
    broken = whole[:at] + new + whole[at + span :]
    path = libero.parent / "fuzz" / source.name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(broken)
    try:
        if source.name == tensors.INDEX:
            for shard in libero.glob("*.safetensors"):
                if not (path.parent / shard.name).exists():
                    (path.parent / shard.name).symlink_to(shard)
            tensors.find(path.parent)
        else:
            tensors.read_header(path)
    except (ValueError, FileNotFoundError) as error:
        assert "weights" in str(error)
    finally:
        path.unlink()


@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_no_damage_to_the_json_of_a_checkpoint_does_more_than_one_line(
    libero: Path, data: st.DataObject
) -> None:
    """Any value anywhere replaced by any other: read as it is, or refused in one line."""
    path = libero / data.draw(st.sampled_from(["config.json", "preprocessor_config.json"]))
    whole = json.loads(path.read_text())
    holder = whole
    for _ in range(data.draw(st.integers(0, 3))):
        inner = [value for value in holder.values() if isinstance(value, dict) and value]
        if not inner:
            break
        holder = data.draw(st.sampled_from(inner))
    key = data.draw(st.sampled_from(sorted(holder)))
    numbers = st.one_of(st.integers(-(2**70), 2**70), st.floats(), st.sampled_from([0, 1, 2, 3, 10**9]))
    holder[key] = data.draw(st.one_of(numbers, st.text(max_size=5), st.none(), st.lists(numbers, max_size=3)))
    folder = libero.parent / "json-fuzz"
    folder.mkdir(exist_ok=True)
    for file in libero.iterdir():
        if not (folder / file.name).exists():
            (folder / file.name).symlink_to(file)
    broken = folder / path.name
    broken.unlink()
    broken.write_text(json.dumps(whole))
    try:
        pretrained.load(folder)
    except (ValueError, FileNotFoundError) as error:
        assert "\n" not in str(error)
    finally:
        broken.unlink()


@settings(max_examples=60)
@given(
    st.dictionaries(
        st.sampled_from(["dtype", "shape", "data_offsets", "x"]),
        st.one_of(
            st.integers(-(2**70), 2**70),
            st.text(max_size=4),
            st.none(),
            st.sampled_from(["F32", "BF16"]),
            st.lists(st.one_of(st.integers(-1, 2**70), st.floats(), st.booleans()), max_size=4),
        ),
        max_size=4,
    )
)
def test_no_claim_of_a_header_is_believed(tmp_path_factory: pytest.TempPathFactory, entry: dict) -> None:
    header = json.dumps({"t": entry}).encode()
    path = tmp_path_factory.mktemp("claims") / "model.safetensors"
    path.write_bytes(len(header).to_bytes(8, "little") + header + b"\0" * 64)
    try:
        infos = tensors.read_header(path)
    except ValueError as error:
        assert "weights" in str(error)
    else:
        assert sum(info.nbytes for info in infos.values()) == 64
