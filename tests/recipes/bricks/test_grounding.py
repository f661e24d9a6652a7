"""Labels land on the tokens they are about."""

import numpy as np
import pytest
import torch

from xr0.data.collate import pad_rows
from xr0.recipes.bricks.grounding import GroundingHeads, look_loss
from xr0.recipes.bricks.grounding_labels import REWORDED, Labeller, Scale, objects_of, reword, target, tracks
from xr0.transform import tokenizer
from xr0.transform.images import ImageSpec
from xr0.transform.processor import Processor
from xr0.transform.prompt import IMAGE_PAD
from xr0_robot.sims.bricks.embodiment import BRICKS

SPEC = ImageSpec(patch=8, merge=2, temporal=2)
NAMES = ["red.x", "red.y", "red.z", "red.yaw", "blue.x", "blue.y", "blue.z", "blue.yaw"]
TASKS = ["put the blue brick in the left bin", "move the red brick"]


@pytest.fixture(scope="module")
def processor() -> Processor:
    return Processor(tokenizer.train(TASKS * 5, 330), SPEC)


def labelled(processor: Processor, pixels: list[list[float]]) -> tuple:
    environment = np.random.default_rng(0).normal(size=(2, len(NAMES)))
    at_the_end = environment + 0.1
    objects = tracks(NAMES, environment, np.array(pixels), at_the_end, TASKS, Scale.of(NAMES, environment))
    images = {c.key: np.zeros((128, 128, 3), np.uint8) for c in BRICKS.cameras}
    rows = [processor.action(images, task, BRICKS) for task in TASKS]
    inputs = pad_rows(rows, processor)
    labels = Labeller(processor.tokenizer, SPEC, (128, 128))(objects, TASKS, inputs)
    return objects, inputs, labels


def test_an_object_is_in_the_patch_of_its_pixel_in_the_first_view_only(processor: Processor) -> None:
    _, inputs, labels = labelled(processor, [[20.0, 40.0, 127.0, 127.0], [200.0, 5.0, 3.0, 3.0]])
    pads = (inputs.input_ids[0] == tokenizer.token_id(processor.tokenizer, IMAGE_PAD)).nonzero()[:, 0]
    assert len(pads) == 128
    assert labels.in_view[0].nonzero()[:, 0].tolist() == pads[:64].tolist()
    assert labels.presence[0, :, 0].nonzero()[:, 0].tolist() == [int(pads[2 * 8 + 1])]
    assert labels.presence[0, :, 1].nonzero()[:, 0].tolist() == [int(pads[63])]
    assert labels.presence[1, :, 0].sum() == 0  # outside the frame


def test_the_target_is_the_named_object_and_is_asked_from_its_word_on(processor: Processor) -> None:
    objects, inputs, labels = labelled(processor, [[0.0] * 4] * 2)
    torch.testing.assert_close(labels.target, torch.from_numpy(objects.pose[[0, 1], [1, 0]]))
    for row, word in enumerate((" blue", " red")):
        first = int(labels.after_word[row].nonzero()[0, 0])
        seen = processor.tokenizer.decode(
            inputs.input_ids[row, : first + 1].tolist(), skip_special_tokens=False
        )
        assert seen.endswith(word)
        assert not labels.after_word[row][inputs.attention_mask[row] == 0].any()


def test_the_goal_is_asked_of_the_tokens_behind_the_whole_sentence(processor: Processor) -> None:
    objects, inputs, labels = labelled(processor, [[0.0] * 4] * 2)
    torch.testing.assert_close(labels.goal, torch.from_numpy(objects.goal))
    for row in range(2):
        asked = inputs.input_ids[row][labels.after_sentence[row]].tolist()
        text = processor.tokenizer.decode(asked, skip_special_tokens=False)
        assert text == "<|im_start|>assistant\n<cot></cot><|im_end|>\n"


def test_half_a_turn_changes_nothing() -> None:
    environment = np.array([[0.1, 0.2, 0.0, 0.3, 0.5, -0.2, 0.0, -1.2]])
    turned = environment + np.array([[0.0, 0.0, 0.0, np.pi, 0.0, 0.0, 0.0, -np.pi]])
    scale, pixels = Scale(np.zeros(2), np.ones(2)), np.zeros((1, 4))
    here, there = (tracks(NAMES, e, pixels, e, TASKS[:1], scale) for e in (environment, turned))
    np.testing.assert_allclose(here.pose, there.pose, atol=1e-6)


def test_the_work_ends_where_the_named_object_comes_to_lie() -> None:
    environment = np.array([[0.1, 0.2, 0.0, 0.3, 0.5, -0.2, 0.0, -1.2]])
    moved = np.array([[0.1, 0.2, 0.0, 0.3, 0.9, 0.4, 0.0, -1.2]])
    scale = Scale(np.array([0.1, 0.0]), np.array([2.0, 0.5]))
    told = tracks(NAMES, environment, np.zeros((1, 4)), moved, ["put the blue brick in the left bin"], scale)
    np.testing.assert_allclose(told.goal, [[0.4, 0.8]], atol=1e-6)
    np.testing.assert_allclose(told.pose[0, 1, :2], [0.2, -0.4], atol=1e-6)


def test_a_sentence_without_an_object_is_refused() -> None:
    with pytest.raises(ValueError, match="names none of the objects red, blue"):
        target(objects_of(NAMES), "put it away")


def test_reworded_sentences_name_another_object_and_are_marked() -> None:
    sentences = TASKS * 50
    told, as_shown = reword(sentences, ("red", "blue"), [np.random.default_rng(i) for i in range(100)])
    assert 1 - as_shown.mean() == pytest.approx(REWORDED, abs=0.15)
    for sentence, original, kept in zip(told, sentences, as_shown, strict=True):
        assert (sentence == original) == kept
        assert kept or sentence.replace("blue", "?").replace("red", "?") == original.replace(
            "blue", "?"
        ).replace("red", "?")
    assert (
        reword(sentences[7:9], ("red", "blue"), [np.random.default_rng(7), np.random.default_rng(8)])[0]
        == told[7:9]
    )


def test_perfect_answers_cost_almost_nothing(processor: Processor) -> None:
    _, inputs, labels = labelled(processor, [[20.0, 40.0, 100.0, 100.0]] * 2)
    length, objects = inputs.input_ids.shape[1], 2
    size = 5 * objects
    heads = GroundingHeads(size, objects)
    with torch.no_grad():
        for head, rows in ((heads.patch, range(size)), (heads.target, range(4)), (heads.goal, range(4, 6))):
            head.weight.copy_(torch.eye(size)[list(rows)])
            head.bias.zero_()
    certain = (labels.presence * 40 - 20)[..., None]
    pose = labels.pose[:, None].expand(-1, length, -1, -1)
    early = torch.cat([certain, pose], -1).flatten(2)
    answers = torch.cat([labels.target, labels.goal], dim=-1)
    known = torch.nn.functional.pad(answers[:, None].expand(-1, length, -1), (0, size - 6))
    looks = labels.target_patch[:, None].float().expand(-1, length, -1) * 40
    losses = heads(early, known, known[:, :30], looks, labels)
    assert set(losses) == {"patch", "look", "target", "goal"}
    assert all(loss.item() < 1e-5 for loss in losses.values())


def test_a_look_elsewhere_costs_and_a_hidden_object_does_not(processor: Processor) -> None:
    _, inputs, labels = labelled(processor, [[20.0, 40.0, 100.0, 100.0], [300.0, 300.0, 300.0, 300.0]])
    length = inputs.input_ids.shape[1]
    looks = torch.zeros(2, length, length, requires_grad=True)
    loss = look_loss(looks, labels)
    loss.backward()
    assert loss.item() > 1.0
    assert looks.grad is not None
    assert looks.grad[0].abs().sum() > 0
    assert not looks.grad[1].any()
    assert not looks.grad.isnan().any()
