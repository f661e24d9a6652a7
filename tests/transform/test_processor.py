"""Frames and a sentence to one row for the VLM, and frames that do not fit the robot refused."""

from dataclasses import replace

import numpy as np
import pytest

from xr0.transform import processor, prompt, tokenizer
from xr0.transform.augment import Augmentation
from xr0.transform.images import ImageSpec, arranged
from xr0.transform.processor import Processor, view_of
from xr0.transform.prompt import Message
from xr0_robot.sims.bricks.embodiment import BRICKS
from xr0_robot.types import Camera

SPEC = ImageSpec(patch=8, merge=2, temporal=2)
CAMERA = Camera("base", "Base View", 40, 60)
FRAME = np.zeros((40, 60, 3), np.uint8)


@pytest.fixture(scope="module")
def words() -> tokenizer.Tokenizer:
    return tokenizer.train([prompt.action_prompt(["Base View"], [0], "put the brick away")] * 3, 400)


def frames() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    return {c.key: rng.integers(0, 255, (*c.size, 3)).astype(np.uint8) for c in BRICKS.cameras}


def test_a_request_holds_a_place_for_every_token_of_its_views(words: tokenizer.Tokenizer) -> None:
    tokens = Processor(words, SPEC).action(frames(), "put the brick away", BRICKS)
    places = tokens.ids.count(tokenizer.token_id(words, prompt.IMAGE_PAD))
    assert places == sum(SPEC.tokens(grid) for grid in tokens.grids) > 0
    assert len(tokens.grids) == len(BRICKS.cameras)
    assert "Put the brick away. /no_cot" in words.decode(tokens.ids)


def test_every_request_begins_with_the_opening_and_the_first_view_follows(words: tokenizer.Tokenizer) -> None:
    process = Processor(words, SPEC)
    opening, whole = process.opening(BRICKS), process.action(frames(), "stop", BRICKS).ids
    assert whole[: len(opening)] == opening
    assert whole[len(opening)] == tokenizer.token_id(words, prompt.IMAGE_PAD)


ASKED, TOLD = Message("user", (None, "where is the brick")), Message("assistant", ("in the bin",))


def test_what_the_assistant_says_is_marked_in_every_turn(words: tokenizer.Tokenizer) -> None:
    again = [Message("user", ("which bin",)), Message("assistant", ("left",))]
    tokens, answer = Processor(words, SPEC).conversation([ASKED, TOLD, *again], [FRAME])
    said = [i for i, said in zip(tokens.ids, answer, strict=True) if said]
    assert words.decode(said, skip_special_tokens=False) == "in the bin<|im_end|>\nleft<|im_end|>\n"
    heard = [i for i, said in zip(tokens.ids, answer, strict=True) if not said]
    assert words.decode(heard, skip_special_tokens=False).endswith(
        "which bin<|im_end|>\n<|im_start|>assistant\n"
    )
    assert tokens.grids == [SPEC.grid(FRAME)]
    np.testing.assert_array_equal(tokens.images, [FRAME])


def test_a_conversation_has_the_tokens_of_its_whole_text(words: tokenizer.Tokenizer) -> None:
    tokens, _ = Processor(words, SPEC).conversation([ASKED, TOLD], [FRAME])
    places = "<|image_pad|>" * SPEC.tokens(tokens.grids[0])
    text = (
        f"<|im_start|>user\n<|vision_start|>{places}<|vision_end|>where is the brick<|im_end|>\n"
        "<|im_start|>assistant\nin the bin<|im_end|>\n"
    )
    assert tokens.ids == words.encode(text).ids


def test_a_conversation_may_be_of_words_alone(words: tokenizer.Tokenizer) -> None:
    tokens, _ = Processor(words, SPEC).conversation([Message("user", ("where",)), TOLD], [])
    assert tokens.grids == tokens.images == []


def test_the_texts_that_are_remembered_are_bounded(
    words: tokenizer.Tokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processor, "KNOWN_TEXTS", 2)
    process = Processor(words, SPEC)
    for text in ("put", "the brick", "away", "put", "the"):
        assert process.ids(text) == words.encode(text).ids
        assert len(process._known) <= 2


@pytest.mark.parametrize("camera", [CAMERA, Camera("base", "Base View", None, None)])
def test_a_frame_that_fits_is_taken(camera: Camera) -> None:
    assert view_of({"base": FRAME, "other": FRAME[:1]}, camera) is FRAME


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (FRAME.astype(np.float32), r"got float32 of shape \(40, 60, 3\), expected uint8 \(40, 60, 3\)"),
        (FRAME.transpose(1, 0, 2), r"got uint8 of shape \(60, 40, 3\)"),
        (np.zeros((40, 50, 3), np.uint8), "of shape"),
        (np.zeros((30, 60, 3), np.uint8), "of shape"),
        (np.zeros((40, 60, 4), np.uint8), "of shape"),
        (np.zeros((40, 60), np.uint8), "of shape"),
    ],
)
def test_another_frame_is_refused(frame: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=f"camera 'base': .*{message}"):
        view_of({"base": frame}, CAMERA)


@pytest.mark.parametrize("shape", [(0, 60, 3), (40, 0, 3)])
def test_an_empty_frame_is_refused_even_where_any_size_will_do(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"expected uint8 \(h, w, 3\)"):
        view_of({"base": np.zeros(shape, np.uint8)}, Camera("base", "Base View", None, None))


def test_a_missing_camera_is_named() -> None:
    with pytest.raises(ValueError, match=r"camera 'base': missing, got \['wrist'\]"):
        view_of({"wrist": FRAME}, CAMERA)


def test_a_camera_s_picture_is_turned_and_cropped_as_it_says(words: tokenizer.Tokenizer) -> None:
    process, given = Processor(words, SPEC), frames()
    base, wrist = BRICKS.cameras
    turned = replace(BRICKS, cameras=(replace(base, rotate=90, crop=0.9), replace(wrist, flip="vertical")))
    expected = [arranged(given[camera.key], camera) for camera in turned.cameras]
    assert not np.array_equal(expected[0], given["base"])
    np.testing.assert_array_equal(process.action(given, "stop", turned).images, expected)


def test_training_takes_smaller_pictures_and_augments_each_sample_on_its_own(
    words: tokenizer.Tokenizer,
) -> None:
    process = Processor(words, SPEC)
    kept = {key: picture[:96, :112] for key, picture in frames().items()}
    with pytest.raises(ValueError, match="camera 'base': got uint8 of shape"):
        process.action(kept, "stop", BRICKS)
    seen = [process.action(kept, "stop", BRICKS, np.random.default_rng(seed)).images for seed in (1, 1, 2)]
    assert np.array_equal(seen[0], seen[1])
    assert not np.array_equal(seen[0], seen[2])
    plain = process.action(kept, "stop", BRICKS, np.random.default_rng(1), Augmentation(colour=False)).images
    np.testing.assert_array_equal(plain, [kept[camera.key] for camera in BRICKS.cameras])
    with pytest.raises(ValueError, match=r"got float64 of shape .* expected uint8 \(h, w, 3\)"):
        process.action({k: v / 2 for k, v in kept.items()}, "stop", BRICKS, np.random.default_rng(1))
