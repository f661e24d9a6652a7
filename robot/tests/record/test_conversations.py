"""Vision-language samples: one JSON per line, images beside it, nothing of a discarded episode."""

import json

import numpy as np
import pytest

pytest.importorskip("PIL", reason="questions need the extra `sim`")

from PIL import Image

from xr0_robot.record.conversations import ConversationWriter, merge_conversations

RED = np.full((8, 8, 3), (200, 10, 10), np.uint8)
BLUE = np.full((8, 8, 3), (10, 10, 200), np.uint8)


def write(root, frames, discarded=()):
    writer = ConversationWriter(root)
    for frame in frames:
        questions = [
            ("base", "Which colour?", "Red."),
            ("wrist", "And here?", "Blue."),
            ("base", "Sure?", "Yes."),
        ]
        writer.add(frame, {"base": RED, "wrist": BLUE}, questions)
        writer.discard_episode() if frame in discarded else writer.save_episode()
    return root


def lines(root):
    return [json.loads(line) for line in (root / "conversations.jsonl").read_text().splitlines()]


def test_a_line_is_a_conversation_about_one_image(tmp_path):
    root = write(tmp_path / "vl", ["3-0"])
    second = lines(root)[1]
    assert second == {
        "id": "3-0-1",
        "images": ["images/3-0-wrist.png"],
        "messages": [
            {"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "And here?"}]},
            {"role": "assistant", "content": [{"type": "text", "text": "Blue."}]},
        ],
    }
    assert (np.asarray(Image.open(root / second["images"][0])) == BLUE).all()


def test_discarded_episode_leaves_no_line_and_no_image(tmp_path):
    root = write(tmp_path / "vl", ["1-0", "2-0"], discarded=["1-0"])
    assert [sample["id"] for sample in lines(root)] == ["2-0-0", "2-0-1", "2-0-2"]
    assert sorted(path.name for path in (root / "images").iterdir()) == ["2-0-base.png", "2-0-wrist.png"]


def test_merge_keeps_every_line_and_image(tmp_path):
    parts = [write(tmp_path / "a", ["1-0"]), write(tmp_path / "b", ["2-0", "2-5"])]
    merge_conversations(parts, tmp_path / "all")
    samples = lines(tmp_path / "all")
    assert len(samples) == 9
    assert all((tmp_path / "all" / sample["images"][0]).is_file() for sample in samples)
