"""Frames and a sentence to tokens and pictures; the same object in training and in serving."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from tokenizers import Tokenizer

from xr0.transform import prompt
from xr0.transform.augment import Augmentation, augmented
from xr0.transform.images import ImageSpec, arranged
from xr0_robot.types import Camera, Embodiment

KNOWN_TEXTS = 20_000
"""Texts whose ids are kept: more than a dataset's, and a bound for a server."""


@dataclass(frozen=True)
class Tokens:
    """One row for the VLM: ids [l], its images in order, uint8 [h, w, 3] of any size, and the patches (down,
    right) that each becomes."""

    ids: list[int]
    images: list[np.ndarray]
    grids: list[tuple[int, int]]


@dataclass(frozen=True)
class Processor:
    """Tokenizer and image rule of a model. Sentences repeat, so their ids are kept."""

    tokenizer: Tokenizer
    spec: ImageSpec
    _known: dict[str, list[int]] = field(default_factory=dict, repr=False)

    def action(
        self,
        images: Mapping[str, np.ndarray],
        instruction: str,
        embodiment: Embodiment,
        rng: np.random.Generator | None = None,
        augmentation: Augmentation = Augmentation(),  # noqa: B008
    ) -> Tokens:
        """Context of an action request. ValueError names a camera that is missing or no picture of its own.

        rng: the sample's own, in training: pictures are augmented, and may be of another size than the
        camera's (they are kept smaller). None, as served: the camera's size, its middle, its colours.
        """
        if rng is None:
            views = [arranged(view_of(images, camera), camera) for camera in embodiment.cameras]
        else:
            kept = [(view_of(images, replace(c, height=None, width=None)), c) for c in embodiment.cameras]
            views = [augmented(image, camera, augmentation, rng) for image, camera in kept]
        grids = [self.spec.grid(view) for view in views]
        titles = [camera.title for camera in embodiment.cameras]
        tokens = [self.spec.tokens(grid) for grid in grids]
        text = prompt.action_prompt(titles, tokens, instruction, embodiment.lower_case)
        return Tokens(self.ids(text), views, grids)

    def opening(self, embodiment: Embodiment) -> list[int]:
        """What the ids of every action request to this robot begin with, up to its first view's tokens."""
        titles = [camera.title for camera in embodiment.cameras]
        text = prompt.action_prompt(titles, [0] * len(titles), "any")
        return self.ids(text[: text.index(prompt.VISION_START) + len(prompt.VISION_START)])

    def conversation(
        self, messages: Sequence[prompt.Message], images: Sequence[np.ndarray]
    ) -> tuple[Tokens, list[bool]]:
        """A conversation with any number of images, and for each of its ids whether the assistant said it.

        ValueError where it cannot be learned from (`prompt.check_conversation`).
        """
        prompt.check_conversation(messages, len(images))
        grids = [self.spec.grid(image) for image in images]
        ids, answer = [], []
        for text, said in prompt.conversation(messages, [self.spec.tokens(grid) for grid in grids]):
            piece = self.ids(text)
            ids += piece
            answer += [said] * len(piece)
        return Tokens(ids, list(images), grids), answer

    def ids(self, text: str) -> list[int]:
        """Token ids of a text."""
        known = self._known.get(text)  # threads share it
        if known is None:
            if len(self._known) >= KNOWN_TEXTS:
                self._known.clear()
            known = self._known[text] = self.tokenizer.encode(text, add_special_tokens=False).ids
        return known


def view_of(images: Mapping[str, np.ndarray], camera: Camera) -> np.ndarray:
    """The frame of one camera, checked."""
    if camera.key not in images:
        raise ValueError(f"camera {camera.key!r}: missing, got {sorted(images)}")
    image = images[camera.key]
    camera.check(image)
    return image
