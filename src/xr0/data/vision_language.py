"""Reads vision-language samples: JSONL conversations of one question and one answer, with images beside them.

A line: {"id": "7-0-1", "images": ["images/7-0-base.png"], "messages": [
    {"role": "user", "content": [{"type": "image"}, {"type": "text", "text": QUESTION}]},
    {"role": "assistant", "content": [{"type": "text", "text": ANSWER}]}]}
A sample of words alone has no image placeholders, and may leave out "images".
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from xr0.data.video import decode_image

CONVERSATIONS_FILE = "conversations.jsonl"


@dataclass(frozen=True)
class Conversation:
    """One sample; `where` is its file and line, for messages."""

    name: str
    image_paths: tuple[Path, ...]
    question: str
    answer: str
    where: str

    def images(self) -> list[np.ndarray]:
        """Its pictures, uint8 [h, w, 3], in the order of the question's placeholders."""
        return [decode_image(path.read_bytes(), f"{self.where}, {path}") for path in self.image_paths]


def read_conversations(root: Path | str) -> list[Conversation]:
    """All samples of a folder; ValueError or FileNotFoundError names the first line that is not whole."""
    path = Path(root) / CONVERSATIONS_FILE
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing")
    samples = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        where = f"{path}, line {number}"
        try:
            samples.append(_conversation(json.loads(line), path.parent, where))
        except json.JSONDecodeError as error:
            raise ValueError(f"{where}: not valid JSON ({error})") from error
        except (KeyError, TypeError) as error:
            raise ValueError(
                f"{where}: not a conversation of one question and one answer ({error!r})"
            ) from error
    return samples


def _conversation(sample: dict[str, Any], root: Path, where: str) -> Conversation:
    roles = [message["role"] for message in sample["messages"]]
    if roles != ["user", "assistant"]:
        raise ValueError(f"{where}: got roles {roles}, expected ['user', 'assistant']")
    user, assistant = sample["messages"]
    pictures = sum(part["type"] == "image" for part in user["content"])
    names = sample.get("images", [])
    if pictures != len(names):
        raise ValueError(f"{where}: got {pictures} image placeholders for {len(names)} images")
    paths = tuple(root / name for name in names)
    for image in paths:
        if not image.is_file():
            raise FileNotFoundError(f"{where}: the image {image} is missing")
    return Conversation(sample["id"], paths, _text(user, where), _text(assistant, where), where)


def _text(message: dict[str, Any], where: str) -> str:
    texts = [part["text"] for part in message["content"] if part["type"] == "text"]
    if len(texts) != 1 or not texts[0].strip():
        raise ValueError(f"{where}: got the texts {texts} of the {message['role']}, expected one")
    return texts[0]
