"""Conversations about pictures, read where they lie: one sample of JSON, and its pictures' bytes.

    {"images": ["images/7-0-base.png"], "messages": [
        {"role": "user", "content": [{"type": "image"}, {"type": "text", "text": QUESTION}]},
        {"role": "assistant", "content": [{"type": "text", "text": ANSWER}]}]}

Any number of turns, behind one system message at most; pictures at any place of the user's turns, or none. A
content that is all text may be a plain string. Other entries, such as an id, are not read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from xr0.data.video import decode_image
from xr0.transform.prompt import Message, check_conversation


@dataclass(frozen=True)
class Extent:
    """Bytes of a file: `size` of them from `offset` on, or all that follow."""

    path: Path
    offset: int = 0
    size: int = -1

    def read(self) -> bytes:
        """Them."""
        with self.path.open("rb") as file:
            file.seek(self.offset)
            return file.read(self.size)


@dataclass(frozen=True)
class Conversation:
    """One sample; `where` is its file and line, or shard and key, for messages."""

    messages: tuple[Message, ...]
    pictures: tuple[Extent, ...]
    where: str

    def images(self) -> list[np.ndarray]:
        """Its pictures, uint8 [h, w, 3], in the order of their places."""
        return [decode_image(p.read(), f"{self.where}, {p.path}") for p in self.pictures]

    def check(self) -> None:
        """ValueError, naming `where`, if it cannot be learned from."""
        try:
            check_conversation(self.messages, len(self.pictures))
        except ValueError as error:
            raise ValueError(f"{self.where}: {error}") from error


def sample(data: bytes, where: str) -> dict[str, Any]:
    """The JSON of a sample; ValueError, naming `where`, if it is none."""
    try:
        found = json.loads(data)
    except ValueError as error:  # also bytes that are no text
        raise ValueError(f"{where}: not valid JSON ({error})") from error
    if not isinstance(found, dict) or not isinstance(found.get("messages"), list):
        raise ValueError(f"{where}: not a conversation, expected a map with a list of 'messages'")
    return found


def messages(found: Mapping[str, Any], where: str) -> tuple[Message, ...]:
    """The turns of a sample; ValueError, naming `where`, for another form."""
    return tuple(_message(message, where) for message in found["messages"])


def _message(message: Any, where: str) -> Message:
    if not isinstance(message, Mapping) or not {"role", "content"} <= set(message):
        raise ValueError(
            f"{where}: got the message {message!r:.80}, expected a map with 'role' and 'content'"
        )
    content = message["content"]
    if isinstance(content, str):
        return Message(message["role"], (content,))
    if not isinstance(content, list):
        raise ValueError(f"{where}: got the content {content!r:.80}, expected a text or a list of parts")
    return Message(message["role"], tuple(_part(part, where) for part in content))


def _part(part: Any, where: str) -> str | None:
    kind = part.get("type") if isinstance(part, Mapping) else None
    if kind == "image":
        return None
    if kind == "text" and isinstance(part.get("text"), str):
        return part["text"]
    raise ValueError(f"{where}: got the part {part!r:.80}, expected {{'type': 'image'}} or a text")
