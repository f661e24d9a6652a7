"""A plain Qwen3-VL folder as a model of lmms-eval.

transformers reads and runs it; tokens and patches are made as in training (`xr0.transform`), so that nothing
here needs torchvision, and a patch of any size does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from lmms_eval.api.instance import Instance
from lmms_eval.api.model import lmms
from tqdm import tqdm
from transformers import Qwen3VLForConditionalGeneration

from xr0.checkpoints.folder import TOKENIZER, read_json
from xr0.checkpoints.image_rule import PREPROCESSOR, image_spec
from xr0.data.pixels import pixel_values
from xr0.transform import tokenizer as tokenizers
from xr0.transform.processor import Processor, Tokens
from xr0.transform.prompt import IM_END, Message

MAX_NEW_TOKENS = 128
"""Of a task that does not say: lmms-eval's own for its Qwen3-VL (models/simple/qwen3_vl.py)."""

PICTURE = "<image>"
"""Where a picture stands in a prompt that is shown to a reader."""


class Question(NamedTuple):
    """What is asked, and how long and until what the answer may go on."""

    messages: tuple[Message, ...]
    images: list[np.ndarray]
    limit: int
    until: tuple[str, ...]


class PlainQwen(lmms):
    """Greedy answers of the Qwen3-VL in `folder`, `batch` questions at a time.

    longest: tokens of an answer, where a task allows more. max_pixels: of a picture; None: the folder's.
    prompts: each task's first question as it was put.
    """

    is_simple = False

    def __init__(
        self, folder: Path, device: str, batch: int, longest: int, max_pixels: int | None = None
    ) -> None:
        super().__init__()
        model = Qwen3VLForConditionalGeneration.from_pretrained(
            folder, dtype="auto", attn_implementation="sdpa", local_files_only=True
        )
        self.brain = model.eval().to(device)
        spec = image_spec(read_json(folder / PREPROCESSOR), folder)
        self.spec = spec if max_pixels is None else replace(spec, max_pixels=max_pixels)
        self.processor = Processor(tokenizers.load(folder / TOKENIZER), self.spec)
        self.batch, self.longest = batch, longest
        self.prompts: dict[str, str] = {}

    def generate_until(self, requests: list[Instance]) -> list[str]:
        """The answers, in order."""
        answers: list[str] = []
        bar = tqdm(total=len(requests), desc="questions", mininterval=10.0)
        for task, some in groupby(requests, key=lambda request: request.args[4]):
            for few in _parts(list(some), self.batch):
                questions = [self.question(request) for request in few]
                self.prompts.setdefault(task, shown(questions[0].messages))
                answers += self.answers(questions)
                bar.update(len(few))
        bar.close()
        return answers

    def question(self, request: Instance) -> Question:
        """Of a request: (context, messages of a document, generation options, document, task, split)."""
        _, to_messages, options, number, task, split = request.args
        messages, images = read_messages(to_messages(self.task_dict[task][split][number]))
        if options.get("temperature", 0) or options.get("num_beams", 1) != 1:
            raise ValueError(f"{task}: got the generation options {options}, expected greedy ones")
        until = options.get("until", ())
        ends = (until,) if isinstance(until, str) else tuple(until)
        limit = min(options.get("max_new_tokens", MAX_NEW_TOKENS), self.longest)
        return Question(messages, images, limit, ends)

    @torch.no_grad()
    def answers(self, questions: Sequence[Question]) -> list[str]:
        """To questions of one task."""
        tokenizer, device = self.processor.tokenizer, self.brain.device
        end, pad = tokenizers.token_id(tokenizer, IM_END), tokenizers.padding_id(tokenizer)
        rows = [self.tokens(question) for question in questions]
        width = max(len(row.ids) for row in rows)
        ids = torch.tensor([[pad] * (width - len(row.ids)) + row.ids for row in rows])
        mask = torch.tensor([[0] * (width - len(row.ids)) + [1] * len(row.ids) for row in rows])
        given: dict[str, torch.Tensor] = {"input_ids": ids, "attention_mask": mask}
        grids = [grid for row in rows for grid in row.grids]
        if grids:
            images = [image for row in rows for image in row.images]
            pixels = pixel_values(images, grids, self.processor.spec, device, self.brain.dtype)
            thw = torch.tensor([(1, *grid) for grid in grids])
            given |= {"pixel_values": pixels, "image_grid_thw": thw}
            given["mm_token_type_ids"] = (ids == self.brain.config.image_token_id).int()
        written = self.brain.generate(
            **{name: value.to(device) for name, value in given.items()},
            max_new_tokens=questions[0].limit,
            do_sample=False,
            eos_token_id=end,
            pad_token_id=pad,
        )
        said = [tokenizer.decode(row.tolist()) for row in written[:, width:]]
        return [_before(text, question.until) for text, question in zip(said, questions, strict=True)]

    def tokens(self, question: Question) -> Tokens:
        """All that comes before the answer, which a word stands for here."""
        messages = (*question.messages, Message("assistant", ("A",)))
        tokens, said = self.processor.conversation(messages, question.images)
        return replace(tokens, ids=tokens.ids[: said.index(True)])

    def loglikelihood(self, requests: list[Instance]) -> list[tuple[float, bool]]:
        """Not asked for by any task here."""
        raise NotImplementedError("loglikelihood: expected a task that generates its answers")

    def generate_until_multi_round(self, requests: list[Instance]) -> list[str]:
        """Not asked for by any task here."""
        raise NotImplementedError("several rounds: expected a task of one question at a time")


def read_messages(turns: Sequence[dict[str, Any]]) -> tuple[tuple[Message, ...], list[np.ndarray]]:
    """lmms-eval's messages as ours, and their pictures, uint8 [h, w, 3]; ValueError for sound and films."""
    images: list[np.ndarray] = []
    messages: list[Message] = []
    for turn in turns:
        parts: list[str | None] = []
        for part in turn["content"]:
            if part["type"] == "image":
                images.append(np.asarray(part["url"].convert("RGB")))
                parts.append(None)
            elif part["type"] == "text":
                parts.append(part["text"])
            else:
                raise ValueError(f"message: got a part of type {part['type']!r}, expected 'image' or 'text'")
        messages.append(Message(turn["role"], tuple(parts)))
    return tuple(messages), images


def shown(messages: Sequence[Message]) -> str:
    """A prompt as a reader sees it."""
    lines = ("".join(PICTURE if part is None else part for part in m.parts) for m in messages)
    return "\n".join(f"[{m.role}] {line}" for m, line in zip(messages, lines, strict=True))


def _parts(requests: Sequence[Instance], size: int) -> Iterator[Sequence[Instance]]:
    return (requests[first : first + size] for first in range(0, len(requests), size))


def _before(text: str, ends: Sequence[str]) -> str:
    for end in ends:
        text = text.split(end, maxsplit=1)[0]
    return text
