"""Conversations in files of lines and in shards are read back at their place; what is not whole is named."""

import io
import json
import pickle
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from xr0.data.language import open_language
from xr0.transform.prompt import Message
from xr0_robot.record.conversations import ConversationWriter

PICTURE = np.arange(12 * 10 * 3, dtype=np.uint8).reshape(12, 10, 3)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    writer = ConversationWriter(tmp_path / "vl")
    writer.add("0-0", {"base": PICTURE}, [("base", "Where is it?", "Left."), ("base", "Sure?", "Yes.")])
    writer.save_episode()
    return tmp_path / "vl"


def rewrite(root: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    """Apply `change` to the second line's sample."""
    path = root / "conversations.jsonl"
    first, second = path.read_text().splitlines()
    sample = json.loads(second)
    change(sample)
    path.write_text(f"{first}\n{json.dumps(sample)}\n")


def asked(question: str, answer: str) -> tuple[Message, Message]:
    return Message("user", (None, question)), Message("assistant", (answer,))


@pytest.mark.parametrize("form", ["", "conversations.jsonl"])
def test_lines_and_their_pictures(root: Path, form: str) -> None:
    found = open_language(root / form).conversations
    assert [c.messages for c in found] == [asked("Where is it?", "Left."), asked("Sure?", "Yes.")]
    (picture,) = found[1].images()
    assert (picture == PICTURE).all()


def test_a_line_may_hold_any_character_and_a_content_may_be_a_plain_text(root: Path) -> None:
    turns = [{"role": "system", "content": "Kurz\u2028bitte."}, {"role": "user", "content": "Wo?"}]
    turns += [{"role": "assistant", "content": "Im Gef\u00e4\u00df."}]
    line = json.dumps({"messages": turns}, ensure_ascii=False)
    path = root / "conversations.jsonl"
    path.write_text(line + "\n" + path.read_text(), encoding="utf-8")
    found = open_language(root).conversations
    assert len(found) == 3
    assert [m.parts for m in found[0].messages] == [("Kurz\u2028bitte.",), ("Wo?",), ("Im Gef\u00e4\u00df.",)]
    assert found[2].messages == asked("Sure?", "Yes.")


def test_what_is_held_of_a_file_is_small_and_travels_to_workers(root: Path) -> None:
    path = root / "conversations.jsonl"
    path.write_text(path.read_text() * 500)
    data = open_language(root)
    sent = pickle.dumps(data)
    assert len(sent) < path.stat().st_size / 10
    assert pickle.loads(sent).conversations[999].messages == asked("Sure?", "Yes.")  # noqa: S301


def test_other_content_has_another_fingerprint(root: Path) -> None:
    before = open_language(root).fingerprint
    assert before == open_language(root).fingerprint
    rewrite(root, lambda s: s["messages"][1]["content"][0].update(text="No."))
    assert open_language(root).fingerprint != before


def test_missing_image_is_named_with_its_line(root: Path) -> None:
    rewrite(root, lambda sample: sample.update(images=["images/gone.png"]))
    with pytest.raises(FileNotFoundError, match=r"conversations\.jsonl, line 2: .*gone\.png is missing"):
        open_language(root)


def test_unreadable_image_is_named_with_its_line(root: Path) -> None:
    (root / "images/0-0-base.png").write_bytes(b"no picture")
    with pytest.raises(ValueError, match=r"line 1, .*0-0-base\.png: not a readable image"):
        open_language(root).conversations[0].images()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s["messages"].pop(), r"got the roles \['user'\]"),
        (lambda s: s["images"].append("images/0-0-base.png"), "got 1 image placeholders for 2 images"),
        (lambda s: s["messages"][1]["content"].clear(), "got no words of the assistant"),
        (
            lambda s: s["messages"][1].pop("role"),
            "got the message .*, expected a map with 'role' and 'content'",
        ),
        (
            lambda s: s["messages"][1].update(content=3),
            "got the content 3, expected a text or a list of parts",
        ),
        (
            lambda s: s["messages"][0]["content"].append({"type": "video"}),
            r"got the part \{'type': 'video'\}",
        ),
        (lambda s: s["messages"][0]["content"][1].pop("text"), r"got the part \{'type': 'text'\}"),
        (lambda s: s.pop("messages"), "not a conversation, expected a map with a list of 'messages'"),
        (lambda s: s.update(images="a.png"), "got the images 'a.png', expected a list of paths"),
    ],
)
def test_broken_conversation_is_named_with_its_line(
    root: Path, change: Callable[[dict[str, Any]], Any], message: str
) -> None:
    rewrite(root, change)
    with pytest.raises(ValueError, match=r"conversations\.jsonl, line 2: " + message):
        open_language(root)


@pytest.mark.parametrize("line", [b"{\n", b"\n", b"\xff\n"])
def test_broken_json(root: Path, line: bytes) -> None:
    path = root / "conversations.jsonl"
    path.write_bytes(path.read_bytes() + line)
    with pytest.raises(ValueError, match=r"line 3: not valid JSON"):
        open_language(root)


def test_nothing_there(tmp_path: Path) -> None:
    for source in (tmp_path, tmp_path / "nowhere.jsonl", tmp_path / "words.txt"):
        with pytest.raises(FileNotFoundError, match=r"no conversations, expected conversations\.jsonl or"):
            open_language(source)
    (tmp_path / "conversations.jsonl").touch()
    with pytest.raises(ValueError, match=r"conversations\.jsonl: holds no conversation"):
        open_language(tmp_path)


def png(level: int) -> bytes:
    data = io.BytesIO()
    Image.fromarray(np.full((8, 8, 3), level, np.uint8)).save(data, "PNG")
    return data.getvalue()


def talk(answer: str, pictures: int) -> bytes:
    content = [{"type": "image"}] * pictures + [{"type": "text", "text": "What?"}]
    turns = [{"role": "user", "content": content}, {"role": "assistant", "content": answer}]
    return json.dumps({"messages": turns}).encode()


def shard(path: Path, members: dict[str, bytes]) -> None:
    with tarfile.open(path, "w") as tar:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))


@pytest.fixture
def shards(tmp_path: Path) -> Path:
    """Two shards: two pictures out of order and none; one in a folder, beside a member of another kind."""
    two = {f"a.{k}.png": png(k) for k in (10, 2)}
    shard(tmp_path / "part-08.tar", two | {"a.json": talk("One.", 2), "b.json": talk("Two.", 0)})
    last = {"x/c.d.cls": b"7", "x/c.json": talk("Three.", 1), "x/c.jpg": png(3)}
    shard(tmp_path / "part-09.tar", last)
    return tmp_path


@pytest.mark.parametrize("name", ["", "part-{08..09}.tar"])
def test_samples_of_shards_in_any_order(shards: Path, name: str) -> None:
    data = pickle.loads(pickle.dumps(open_language(shards / name)))  # noqa: S301
    found = {k: data.conversations[k] for k in (2, 0, 1)}
    assert [found[k].messages[1].parts[0] for k in range(3)] == ["One.", "Two.", "Three."]
    assert [[int(i[0, 0, 0]) for i in found[k].images()] for k in range(3)] == [[2, 10], [], [3]]


def test_a_missing_shard_is_named(shards: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"shard .*part-10\.tar is missing"):
        open_language(shards / "part-{08..10}.tar")
    with pytest.raises(ValueError, match=r"got \{09\.\.08\}, expected a range that rises"):
        open_language(shards / "part-{09..08}.tar")


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"k.json": talk("One.", 1)}, r"bad\.tar, key k: got 1 image placeholders for 0 images"),
        ({"k.png": png(1)}, r"bad\.tar, key k: got 0 JSON members"),
        ({"k.json": b"{"}, r"bad\.tar, key k: not valid JSON"),
        ({}, "hold no conversation"),
    ],
)
def test_a_sample_that_is_not_whole_is_named(tmp_path: Path, members: dict[str, bytes], message: str) -> None:
    shard(tmp_path / "bad.tar", members)
    with pytest.raises(ValueError, match=message):
        open_language(tmp_path)


@pytest.mark.parametrize("length", [0, 100, 1024, 1100])
def test_a_shard_that_was_cut_off_is_named(shards: Path, length: int) -> None:
    path = shards / "part-08.tar"
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(ValueError, match=r"part-08\.tar: not a whole tar, its end is missing"):
        open_language(shards)
