"""Vision-language samples as batches: with pictures, of words alone, and both in one batch."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

from xr0.data.collate import pad_rows
from xr0.data.language import LanguageData, collated, joined, open_language
from xr0.model import vlm
from xr0.model.vla import VLA
from xr0.sizes import TINY_IMAGES, tiny_model
from xr0.train.choice_stage import next_token_loss
from xr0.transform import tokenizer
from xr0.transform.processor import Processor

QUESTIONS = {"where": "Where is the cup?", "what": "What does a gripper do when it is told to close?"}


def line(name: str, images: list[str]) -> str:
    placeholders = [{"type": "image"}] * len(images)
    question = [*placeholders, {"type": "text", "text": QUESTIONS[name]}]
    messages = [
        {"role": "user", "content": question},
        {"role": "assistant", "content": [{"type": "text", "text": "Left."}]},
    ]
    return json.dumps({"id": name, "messages": messages} | ({"images": images} if images else {}))


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> LanguageData:
    """One sample with a picture, one of words alone."""
    root = tmp_path_factory.mktemp("vl")
    picture = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(picture).save(root / "cup.png")
    (root / "conversations.jsonl").write_text(line("where", ["cup.png"]) + "\n" + line("what", []) + "\n")
    return open_language(root)


@pytest.fixture(scope="module")
def processor(data: LanguageData) -> Processor:
    return Processor(tokenizer.train(list(data.texts()) * 5, 330), TINY_IMAGES)


@pytest.fixture(scope="module")
def brain(processor: Processor) -> vlm.Qwen3VL:
    torch.manual_seed(0)
    ids = tokenizer.special_ids(processor.tokenizer)
    return VLA(tiny_model(processor.tokenizer.get_vocab_size(), ids)).vlm.eval()


def test_words_alone_are_trained_on(data: LanguageData, processor: Processor, brain: vlm.Qwen3VL) -> None:
    batch = collated([data.conversations[1]] * 2, processor)
    assert batch.inputs.image_grid_thw.shape == (0, 3)
    loss = next_token_loss(brain, batch)
    loss.backward()
    assert loss.item() == pytest.approx(np.log(330), rel=0.2)
    brain.zero_grad()


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
@torch.no_grad()
def test_a_mixed_batch_gives_each_sample_what_it_gets_alone(
    data: LanguageData, processor: Processor, brain: vlm.Qwen3VL, order: tuple[int, int]
) -> None:
    samples = [data.conversations[i] for i in order]
    rows = [processor.conversation(c.messages, c.images())[0] for c in samples]
    together = vlm.token_logits(brain, pad_rows(rows, processor))
    for i, row in enumerate(rows):
        alone = vlm.token_logits(brain, pad_rows([row], processor))
        torch.testing.assert_close(together[i : i + 1, : len(row.ids)], alone, atol=2e-5, rtol=0)


def test_the_answer_is_what_is_predicted(data: LanguageData, processor: Processor) -> None:
    batch = collated([data.conversations[0], data.conversations[1]], processor)
    for ids, answer in zip(batch.inputs.input_ids, batch.answer, strict=True):
        assert (
            processor.tokenizer.decode(ids[answer].tolist(), skip_special_tokens=False) == "Left.<|im_end|>\n"
        )


def test_a_sample_depends_on_its_index_alone(data: LanguageData, processor: Processor) -> None:
    """So it is the same however a step is cut into processes and batches; and all are drawn."""

    def rows(indices: list[int], seed: int = 1) -> list[list[int]]:
        batch = data.batch(indices, seed, processor)
        assert batch is not None
        pairs = zip(batch.inputs.input_ids, batch.inputs.attention_mask, strict=True)
        return [ids[mask == 1].tolist() for ids, mask in pairs]

    whole = rows(list(range(20)))
    assert whole == rows(list(range(7))) + rows(list(range(7, 20)))
    assert {len(row) for row in whole} == {len(row) for row in rows([*range(40)])}
    assert len({tuple(row) for row in whole}) == 2
    assert whole != rows(list(range(20)), seed=2)


def test_no_index_is_no_batch(data: LanguageData, processor: Processor) -> None:
    assert data.batch([], 1, processor) is None


def test_several_sets_stand_one_behind_the_other(data: LanguageData) -> None:
    last = LanguageData((data.conversations[1],), "last")
    both = joined([data, last, data])
    assert list(both.conversations) == [*data.conversations, data.conversations[1], *data.conversations]
    assert both.fingerprint == f"{data.fingerprint}-last-{data.fingerprint}"
    assert list(joined([]).conversations) == []
