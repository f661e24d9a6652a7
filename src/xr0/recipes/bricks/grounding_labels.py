"""Labels of the grounding heads, from what the simulator recorded beside each frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from tokenizers import Tokenizer

from xr0.recipes.bricks.grounding import GroundingLabels
from xr0.recipes.patches import patch_of, tokens_of
from xr0.transform.images import ImageSpec
from xr0.transform.prompt import IM_START, IMAGE_PAD
from xr0.transform.tokenizer import token_id
from xr0.types import VLMInputs

REWORDED = 0.4
"""Share of sentences changed to speak of another object."""


@dataclass(frozen=True)
class Scale:
    """Mean and spread of where objects lie on the table, x and y [m]."""

    mean: np.ndarray
    std: np.ndarray

    @staticmethod
    def of(names: Sequence[str], environment: np.ndarray) -> Scale:
        """From columns as `tracks` takes them."""
        place = _places(names, environment)
        return Scale(place.mean((0, 1)), place.std((0, 1)))


@dataclass(frozen=True)
class ObjectTracks:
    """How the named objects lie in each of n samples, and where its work ends.

    pose: [n, o, 4] (x, y, cos 2 yaw, sin 2 yaw) on the table, x and y normalised; pixel: [n, o, 2] (u, v) in
    the first camera's frame; goal: [n, 2] (x, y), normalised as the objects are.
    """

    names: tuple[str, ...]
    pose: np.ndarray
    pixel: np.ndarray
    goal: np.ndarray


def tracks(
    names: Sequence[str],
    environment: np.ndarray,
    pixels: np.ndarray,
    at_the_end: np.ndarray,
    instructions: Sequence[str],
    scale: Scale,
) -> ObjectTracks:
    """From columns named `<object>.x`, `.y` and `.yaw` [n, c], [n, 2 * o] pixels in the same order of
    objects, and the columns again as each sample's episode leaves them: the work ends where the object of the
    instruction comes to lie."""
    objects = objects_of(names)
    yaw = _columns(names, environment, "yaw")
    turn = np.stack([np.cos(2.0 * yaw), np.sin(2.0 * yaw)], axis=-1)
    place = (_places(names, environment) - scale.mean) / scale.std
    end = (_places(names, at_the_end) - scale.mean) / scale.std
    named = [target(objects, instruction) for instruction in instructions]
    return ObjectTracks(
        objects,
        np.concatenate([place, turn], axis=-1).astype(np.float32),
        pixels.reshape(len(pixels), len(objects), 2).astype(np.float32),
        end[np.arange(len(end)), named].astype(np.float32),
    )


def objects_of(names: Sequence[str]) -> tuple[str, ...]:
    """The objects that columns are about, in their order."""
    return tuple(dict.fromkeys(name.split(".")[0] for name in names))


def target(objects: Sequence[str], instruction: str) -> int:
    """Index of the object that an instruction names first; ValueError if it names none."""
    words = instruction.lower().replace(".", " ").split()
    named = [objects.index(word) for word in words if word in objects]
    if not named:
        raise ValueError(f"instruction {instruction!r}: names none of the objects {', '.join(objects)}")
    return named[0]


def _places(names: Sequence[str], environment: np.ndarray) -> np.ndarray:
    """[n, o, 2]."""
    return np.stack([_columns(names, environment, what) for what in ("x", "y")], axis=-1)


def _columns(names: Sequence[str], environment: np.ndarray, what: str) -> np.ndarray:
    """[n, o]."""
    return environment[:, [names.index(f"{o}.{what}") for o in objects_of(names)]].astype(np.float32)


def reword(
    instructions: Sequence[str], names: Sequence[str], rngs: Sequence[np.random.Generator]
) -> tuple[list[str], np.ndarray]:
    """Sentences of which a share speaks of another object, and bool [n]: which were left as they are.

    A scene is shown with one sentence only; asking it about others too keeps the model from learning scenes
    by heart. There is no demonstration for a changed sentence, only the place of its object. rngs: of each.
    """
    told = [_reworded(*pair, names) for pair in zip(instructions, rngs, strict=True)]
    return told, np.array([new == old for new, old in zip(told, instructions, strict=True)])


def _reworded(instruction: str, rng: np.random.Generator, names: Sequence[str]) -> str:
    words = instruction.split(" ")
    named = [i for i, word in enumerate(words) if word in names]
    if rng.random() < REWORDED and named:
        words[named[0]] = str(rng.choice([name for name in names if name != words[named[0]]]))
    return " ".join(words)


@dataclass(frozen=True)
class Labeller:
    """Puts tracks beside the tokens of a batch. frame: (height, width) [px] of the first camera."""

    tokenizer: Tokenizer
    spec: ImageSpec
    frame: tuple[int, int]

    def __call__(
        self, tracks: ObjectTracks, instructions: Sequence[str], inputs: VLMInputs
    ) -> GroundingLabels:
        """Labels of samples that are told `instructions`, whose contexts are `inputs`."""
        ids, (count, length) = inputs.input_ids.numpy(), inputs.input_ids.shape
        height, width = self.frame
        grid = height // self.spec.factor, width // self.spec.factor
        pad, turn = token_id(self.tokenizer, IMAGE_PAD), token_id(self.tokenizer, IM_START)
        presence = np.zeros((count, length, len(tracks.names)), np.float32)
        in_view, after_word, after_sentence = np.zeros((3, count, length), bool)
        targets = [target(tracks.names, instruction) for instruction in instructions]
        for i, named in enumerate(targets):
            view = tokens_of(ids[i], pad, grid)
            in_view[i, view] = True
            for o, pixel in enumerate(tracks.pixel[i]):
                if (patch := patch_of(pixel / (width, height), grid)) is not None:
                    presence[i, view[patch], o] = 1.0
            start = self._word_end(ids[i], tracks.names[named])
            end = int(inputs.attention_mask[i].sum())
            after_word[i, start:end] = True
            after_sentence[i, np.flatnonzero(ids[i] == turn)[-1] : end] = True
        each = np.arange(count)
        return GroundingLabels(
            presence=torch.from_numpy(presence),
            pose=torch.from_numpy(tracks.pose),
            target_patch=torch.from_numpy(presence[each, :, targets] > 0),
            target=torch.from_numpy(tracks.pose[each, targets]),
            goal=torch.from_numpy(tracks.goal),
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
