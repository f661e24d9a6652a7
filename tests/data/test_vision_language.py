"""Conversations that the body wrote are read back; a broken line is named."""

import json

import numpy as np
import pytest

from xr0.data.vision_language import read_conversations
from xr0_robot.record.conversations import ConversationWriter

PICTURE = np.arange(12 * 10 * 3, dtype=np.uint8).reshape(12, 10, 3)


@pytest.fixture
def root(tmp_path):
    writer = ConversationWriter(tmp_path / "vl")
    writer.add("0-0", {"base": PICTURE}, [("base", "Where is it?", "Left."), ("base", "Sure?", "Yes.")])
    writer.save_episode()
    return tmp_path / "vl"


def rewrite(root, change):
    """Apply `change` to the second line's sample."""
    path = root / "conversations.jsonl"
    first, second = path.read_text().splitlines()
    sample = json.loads(second)
    change(sample)
    path.write_text(f"{first}\n{json.dumps(sample)}\n")


def test_question_answer_and_pictures(root):
    first, second = read_conversations(root)
    assert (first.name, first.question, first.answer) == ("0-0-0", "Where is it?", "Left.")
    assert (second.question, second.answer) == ("Sure?", "Yes.")
    (picture,) = first.images()
    assert (picture == PICTURE).all()


def test_missing_image_is_named_with_its_line(root):
    rewrite(root, lambda sample: sample.update(images=["images/gone.png"]))
    with pytest.raises(FileNotFoundError, match=r"conversations\.jsonl, line 2: .*gone\.png is missing"):
        read_conversations(root)


def test_unreadable_image_is_named_with_its_line(root):
    (root / "images/0-0-base.png").write_bytes(b"no picture")
    with pytest.raises(ValueError, match=r"line 1, .*0-0-base\.png: not a readable image"):
        read_conversations(root)[0].images()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s["messages"].pop(), r"got roles \['user'\], expected \['user', 'assistant'\]"),
        (lambda s: s["messages"].reverse(), r"got roles \['assistant', 'user'\]"),
        (lambda s: s["images"].append("images/0-0-base.png"), "got 1 image placeholders for 2 images"),
        (lambda s: s["messages"][1]["content"].clear(), r"got the texts \[\] of the assistant, expected one"),
        (lambda s: s.pop("id"), r"not a conversation of one question and one answer \(KeyError\('id'\)\)"),
    ],
)
def test_broken_conversation_is_named_with_its_line(root, change, message):
    rewrite(root, change)
    with pytest.raises(ValueError, match=r"conversations\.jsonl, line 2: " + message):
        read_conversations(root)


def test_broken_json_and_missing_file(root, tmp_path):
    path = root / "conversations.jsonl"
    path.write_text(path.read_text() + "{\n")
    with pytest.raises(ValueError, match=r"line 3: not valid JSON"):
        read_conversations(root)
    with pytest.raises(FileNotFoundError, match=r"conversations\.jsonl is missing"):
        read_conversations(tmp_path / "nowhere")
