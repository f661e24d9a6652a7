"""Grounding is judged by where a place lies, and what is judged is what greedy decoding writes."""

import json
from pathlib import Path

import pytest
import torch
from small_model import build, inputs, row

from xr0.bench import places
from xr0.data.language import open_language
from xr0.model import vlm
from xr0.types import VLMInputs

END = 5


def test_boxes_and_points_are_places_and_other_answers_are_none() -> None:
    assert places.place('{"bbox_2d": [1, 2, 3, 4], "label": "red brick"}') == (1, 2, 3, 4)
    assert places.place('{"point_2d": [10, 20], "label": "left bin"}') == (10, 20)
    for text in ("Yes.", "7", '{"point_2d": [10]}', '{"bbox_2d": [1, 2, 3, "4"]}', '{"bbox_2d": [1, 2'):
        assert places.place(text) is None


def test_a_box_is_right_by_its_overlap_and_a_point_by_its_distance() -> None:
    box = (0.0, 0.0, 100.0, 100.0)
    assert places.overlap(box, (50.0, 0.0, 150.0, 100.0)) == pytest.approx(1 / 3)
    assert places.overlap(box, (200.0, 200.0, 300.0, 300.0)) == places.overlap(box, (9.0, 9.0, 9.0, 9.0)) == 0
    assert places.right((0.0, 0.0, 100.0, 60.0), box)
    assert not places.right((0.0, 0.0, 100.0, 40.0), box)
    assert places.right((30.0, 40.0), (0.0, 0.0))
    assert not places.right((31.0, 40.0), (0.0, 0.0))
    assert not places.right(None, box)
    assert not places.right((0.0, 0.0), box)


@torch.no_grad()
def test_a_batch_is_decoded_as_each_row_alone() -> None:
    brain = build().vlm
    rows = [row([9, 8, 7], seed=0), row([9], seed=1)]
    written = places.decoded(brain, inputs(rows), END, limit=6)
    for (ids, patches), got in zip(rows, written, strict=True):
        expected: list[int] = []
        while len(expected) < 6:
            likely = int(vlm.token_logits(brain, inputs([(ids + expected, patches)]))[0, -1].argmax())
            if likely == END:
                break
            expected.append(likely)
        assert got == expected


def test_decoding_stops_at_each_row_s_own_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """A brain that counts down to the end from each row's last word."""

    def countdown(_: vlm.Qwen3VL, given: VLMInputs) -> torch.Tensor:
        return torch.nn.functional.one_hot((given.input_ids - 1).clamp(min=END), 64).float()

    monkeypatch.setattr(vlm, "token_logits", countdown)
    given = inputs([row([9], seed=0), row([30, 7], seed=1), row([50], seed=2)])
    assert places.decoded(build().vlm, given, END, limit=4) == [[8, 7, 6], [6], [49, 48, 47, 46]]


def test_the_last_answer_is_what_is_asked(tmp_path: Path) -> None:
    said = '{"point_2d": [1, 2]}'
    turns = [["user", "Where?"], ["assistant", "There."], ["user", "Where is it?"], ["assistant", said]]
    messages = [{"role": role, "content": text} for role, text in turns]
    (tmp_path / "a.jsonl").write_text(json.dumps({"messages": messages}) + "\n")
    (talk,) = open_language(tmp_path / "a.jsonl").conversations
    assert places.asked(talk) == (1, 2)
