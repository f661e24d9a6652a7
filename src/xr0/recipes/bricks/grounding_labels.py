"""Labels of the grounding heads, from what the simulator recorded beside each frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from tokenizers import Tokenizer

from xr0.recipes.bricks.grounding import GroundingLabels
from xr0.transform.images import ImageSpec
from xr0.transform.prompt import IM_START, IMAGE_PAD
from xr0.transform.tokenizer import token_id
from xr0.types import VLMInputs

REWORDED = 0.4
"""Share of sentences changed to speak of another object."""


@dataclass(frozen=True)
class ObjectTracks:
    """How the named objects lie in each sample n, and where its episode ends.

    pose: [n, o, 4] (x, y, cos 2 yaw, sin 2 yaw) on the table, x and y normalised; pixel: [n, o, 2] (u, v) in
    the first camera's frame; goal: [n, 2] (x, y), normalised as the objects are.
    """

    names: tuple[str, ...]
    pose: np.ndarray
    pixel: np.ndarray
    goal: np.ndarray

    def target(self, instruction: str) -> int:
        """Index of the object that an instruction names; ValueError unless it is exactly one."""
        words = instruction.lower().replace(".", " ").split()
        named = [i for i, name in enumerate(self.names) if name in words]
        if len(named) != 1:
            raise ValueError(
                f"instruction {instruction!r}: got {len(named)} of the objects {self.names}, expected one"
            )
        return named[0]


def tracks(
    names: Sequence[str], environment: np.ndarray, pixels: np.ndarray, ends: np.ndarray
) -> ObjectTracks:
    """From columns named `<object>.x`, `.y` and `.yaw`, [n, 2 * o] pixels in the same order of objects, and
    the episodes' last places `ends` [n, 2] (x, y)."""
    objects = tuple(dict.fromkeys(name.split(".")[0] for name in names))

    def column(what: str) -> np.ndarray:
        return environment[:, [names.index(f"{o}.{what}") for o in objects]].astype(np.float32)

    place, yaw = np.stack([column("x"), column("y")], axis=-1), column("yaw")
    mean, std = place.mean((0, 1)), place.std((0, 1))
    turn = np.stack([np.cos(2.0 * yaw), np.sin(2.0 * yaw)], axis=-1)
    return ObjectTracks(
        objects,
        np.concatenate([(place - mean) / std, turn], axis=-1),
        pixels.reshape(len(pixels), len(objects), 2).astype(np.float32),
        ((ends - mean) / std).astype(np.float32),
    )


def reword(
    instructions: Sequence[str], names: Sequence[str], rng: np.random.Generator
) -> tuple[list[str], np.ndarray]:
    """Sentences of which a share speaks of another object, and bool [n]: which were left as they are.

    A scene is shown with one sentence only; asking it about others too keeps the model from learning scenes
    by heart. There is no demonstration for a changed sentence, only the place of its object.
    """
    as_shown = rng.random(len(instructions)) >= REWORDED
    told = []
    for sentence, keep in zip(instructions, as_shown, strict=True):
        words = sentence.split(" ")
        named = [i for i, word in enumerate(words) if word in names]
        if not keep and named:
            words[named[0]] = str(rng.choice([name for name in names if name != words[named[0]]]))
        told.append(" ".join(words))
    return told, as_shown


@dataclass(frozen=True)
class Labeller:
    """Puts tracks beside the tokens of a batch. frame: (height, width) [px] of the first camera."""

    tracks: ObjectTracks
    tokenizer: Tokenizer
    spec: ImageSpec
    frame: tuple[int, int]

    def __call__(
        self, indices: np.ndarray, instructions: Sequence[str], inputs: VLMInputs
    ) -> GroundingLabels:
        """Labels of samples `indices`, whose contexts are `inputs`."""
        ids, length = inputs.input_ids.numpy(), inputs.input_ids.shape[1]
        rows, columns = (side // self.spec.factor for side in self.frame)
        pad, turn = token_id(self.tokenizer, IMAGE_PAD), token_id(self.tokenizer, IM_START)
        objects = len(self.tracks.names)
        presence = np.zeros((len(indices), length, objects), np.float32)
        in_view = np.zeros((len(indices), length), bool)
        after_word, after_sentence = np.zeros((2, len(indices), length), bool)
        targets = np.zeros(len(indices), int)
        for i, (index, instruction) in enumerate(zip(indices, instructions, strict=True)):
            view = np.flatnonzero(ids[i] == pad)[: rows * columns]
            in_view[i, view] = True
            for o, (u, v) in enumerate(self.tracks.pixel[index]):
                row, column = int(v // self.spec.factor), int(u // self.spec.factor)
                if 0 <= row < rows and 0 <= column < columns:
                    presence[i, view[row * columns + column], o] = 1.0
            targets[i] = self.tracks.target(instruction)
            start = self._word_end(ids[i], self.tracks.names[targets[i]])
            end = int(inputs.attention_mask[i].sum())
            after_word[i, start:end] = True
            after_sentence[i, np.flatnonzero(ids[i] == turn)[-1] : end] = True
        pose = self.tracks.pose[indices]
        return GroundingLabels(
            presence=torch.from_numpy(presence),
            pose=torch.from_numpy(pose),
            target_patch=torch.from_numpy(presence[np.arange(len(indices)), :, targets] > 0),
            target=torch.from_numpy(pose[np.arange(len(indices)), targets]),
            goal=torch.from_numpy(self.tracks.goal[indices]),
            in_view=torch.from_numpy(in_view),
            after_word=torch.from_numpy(after_word),
            after_sentence=torch.from_numpy(after_sentence),
        )

    def _word_end(self, ids: np.ndarray, name: str) -> int:
        """Position of the last token of the object's word in a row."""
        word = self.tokenizer.encode(f" {name}", add_special_tokens=False).ids
        for start in range(len(ids) - len(word), -1, -1):
            if ids[start : start + len(word)].tolist() == word:
                return start + len(word) - 1
        raise ValueError(f"grounding: the context does not hold the word {name!r}")
