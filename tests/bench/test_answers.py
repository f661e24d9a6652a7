"""Judging answers in one pass, against decoding them word by word."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from xr0.bench import answers
from xr0.data.language import LanguageData, collated, open_language
from xr0.data.vision_language import Conversation
from xr0.model import vlm
from xr0.model.vla import VLA
from xr0.sizes import TINY_IMAGES, tiny_model
from xr0.transform import tokenizer
from xr0.transform.processor import Processor
from xr0.types import VLMInputs

TALKS = [
    ["Which brick is left?", "The red one."],
    ["Which is right?", "The blue one, near the bin."],
    ["Is it held?", "Yes.", "And the other?", "No."],
]

Logits = Callable[[vlm.Qwen3VL, VLMInputs], torch.Tensor]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> LanguageData:
    path = tmp_path_factory.mktemp("vl") / "talks.jsonl"
    roles = ["user", "assistant"]
    talks = [
        [{"role": roles[k % 2], "content": [{"type": "text", "text": t}]} for k, t in enumerate(talk)]
        for talk in TALKS
    ]
    path.write_text("".join(json.dumps({"messages": talk}) + "\n" for talk in talks))
    return open_language(path)


@pytest.fixture(scope="module")
def processor(data: LanguageData) -> Processor:
    return Processor(tokenizer.train(list(data.texts()) * 5, 330), TINY_IMAGES)


@pytest.fixture(scope="module")
def brain(processor: Processor) -> vlm.Qwen3VL:
    torch.manual_seed(0)
    ids = tokenizer.special_ids(processor.tokenizer)
    return VLA(tiny_model(processor.tokenizer.get_vocab_size(), ids)).vlm.eval()


def parrot(learned: Conversation, processor: Processor) -> Logits:
    """Says of two words what came after them in the conversation that it has heard."""
    heard = collated([learned], processor).inputs.input_ids[0].tolist()
    after = {tuple(heard[k - 1 : k + 1]): heard[k + 1] for k in range(1, len(heard) - 1)}

    def logits(_: vlm.Qwen3VL, inputs: VLMInputs) -> torch.Tensor:
        said = torch.zeros(*inputs.input_ids.shape, 330)
        for row, ids in enumerate(inputs.input_ids.tolist()):
            for k in range(1, len(ids)):
                said[row, k, after.get((ids[k - 1], ids[k]), 0)] = 9.0
        return said

    return logits


def decoded(logits: Logits, brain: vlm.Qwen3VL, ids: list[int], count: int) -> list[int]:
    """`count` tokens behind `ids`, one after another."""
    for _ in range(count):
        row = torch.tensor([ids])
        given = VLMInputs(row, torch.ones_like(row), torch.zeros(0, 1), torch.zeros(0, 3).long())
        ids = [*ids, int(logits(brain, given)[0, -1].argmax())]
    return ids[-count:]


def written(logits: Logits, brain: vlm.Qwen3VL, talk: Conversation, processor: Processor) -> list[bool]:
    """Of each answer whether decoding writes it."""
    tokens, said = processor.conversation(talk.messages, [])
    right, k = [], 0
    while k < len(said):
        end = k + 1
        while said[k] and end < len(said) and said[end]:
            end += 1
        if said[k]:
            right.append(decoded(logits, brain, tokens.ids[:k], end - k) == tokens.ids[k:end])
        k = end
    return right


@pytest.mark.parametrize("learned", range(len(TALKS)))
def test_an_answer_is_right_where_greedy_decoding_writes_it(
    learned: int,
    data: LanguageData,
    processor: Processor,
    brain: vlm.Qwen3VL,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    talks = list(data.conversations)
    logits = parrot(talks[learned], processor)
    expected = [right for talk in talks for right in written(logits, brain, talk, processor)]
    assert any(expected)
    assert not all(expected)
    monkeypatch.setattr(vlm, "token_logits", logits)
    judged = answers.judge(brain, processor, talks)
    assert judged.count == len(expected) == 4
    assert judged.exact == pytest.approx(sum(expected) / 4)


@torch.no_grad()
def test_the_loss_is_the_mean_over_all_answers_tokens(
    data: LanguageData, processor: Processor, brain: vlm.Qwen3VL, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers, "ROWS", 2)
    talks = list(data.conversations)
    losses = []
    for talk in talks:
        given = collated([talk], processor)
        chances = vlm.token_logits(brain, given.inputs)[0].log_softmax(dim=-1)
        ids, said = given.inputs.input_ids[0], given.answer[0]
        losses += [-float(chances[k - 1, ids[k]]) for k in range(1, len(ids)) if said[k]]
    judged = answers.judge(brain, processor, talks)
    assert judged.loss == pytest.approx(sum(losses) / len(losses), rel=1e-4)
    assert judged.exact == 0.0


def test_nothing_to_judge_is_refused(processor: Processor, brain: vlm.Qwen3VL, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="got no conversation"):
        answers.judge(brain, processor, [])
