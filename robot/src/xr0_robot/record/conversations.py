"""Vision-language samples as JSONL conversations with PNG images.

    ROOT/conversations.jsonl    one sample per line
    ROOT/images/<frame>-<camera>.png

A line: {"id": "7-0-1", "images": ["images/7-0-base.png"], "messages": [
    {"role": "user", "content": [{"type": "image"}, {"type": "text", "text": QUESTION}]},
    {"role": "assistant", "content": [{"type": "text", "text": ANSWER}]}]}
Paths are relative to ROOT; several samples share an image.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

CONVERSATIONS_FILE = "conversations.jsonl"
IMAGES_FOLDER = "images"


class ConversationWriter:
    """Writes into `root` (created). Like frames, samples belong to an episode that is saved or discarded."""

    def __init__(self, root: Path) -> None:
        self._root = root
        (root / IMAGES_FOLDER).mkdir(parents=True)
        self._images: dict[str, np.ndarray] = {}
        self._samples: list[dict[str, Any]] = []
        (root / CONVERSATIONS_FILE).touch()

    def add(
        self, frame: str, images: Mapping[str, np.ndarray], questions: Sequence[tuple[str, str, str]]
    ) -> None:
        """Questions (camera key, question, answer) about one frame's images, uint8 [h, w, 3]; name unique."""
        for k, (camera, question, answer) in enumerate(questions):
            path = f"{IMAGES_FOLDER}/{frame}-{camera}.png"
            self._images[path] = images[camera]
            messages = [
                {"role": "user", "content": [{"type": "image"}, {"type": "text", "text": question}]},
                {"role": "assistant", "content": [{"type": "text", "text": answer}]},
            ]
            self._samples.append({"id": f"{frame}-{k}", "images": [path], "messages": messages})

    def save_episode(self) -> None:
        """Keep the samples added since the last episode."""
        for path, image in self._images.items():
            Image.fromarray(image).save(self._root / path)
        with (self._root / CONVERSATIONS_FILE).open("a", encoding="utf-8") as file:
            file.writelines(json.dumps(sample, ensure_ascii=False) + "\n" for sample in self._samples)
        self.discard_episode()

    def discard_episode(self) -> None:
        """Forget them."""
        self._images, self._samples = {}, []


def merge_conversations(roots: Sequence[Path], out: Path) -> None:
    """Join folders of samples whose frames have different names."""
    (out / IMAGES_FOLDER).mkdir(parents=True)
    with (out / CONVERSATIONS_FILE).open("w", encoding="utf-8") as file:
        for root in roots:
            file.write((root / CONVERSATIONS_FILE).read_text(encoding="utf-8"))
            for image in sorted((root / IMAGES_FOLDER).iterdir()):
                shutil.move(image, out / IMAGES_FOLDER / image.name)
