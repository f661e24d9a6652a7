"""Where the things of a sample are, from what a simulator recorded beside each frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from xr0.data.source import Source
from xr0.recipes.patches import patch_of, tokens_of
from xr0.recipes.places.stage import PlaceLabels
from xr0.transform.images import turned_point
from xr0.transform.processor import Processor
from xr0.transform.prompt import IM_START, IMAGE_PAD
from xr0.transform.tokenizer import token_id
from xr0.types import VLMInputs
from xr0_robot.features import ENVIRONMENT_STATE, IMAGES, OBJECT_PIXELS

RECORDED = (ENVIRONMENT_STATE, OBJECT_PIXELS)
"""Features of the labels: `<thing>.x`, `.y`, `.z` [m], and `<thing>.u`, `.v` [px] in the first camera."""

SCALE_EPISODES = 100
"""Which say where things are at all."""

LEAST_STD = 0.01
"""Of a normalised place [m]."""


@dataclass(frozen=True)
class Things:
    """Named things of a run's datasets, and where they are: mean and spread [o, 3] [m]. Not every dataset has
    all."""

    names: tuple[str, ...]
    mean: np.ndarray
    std: np.ndarray

    @staticmethod
    def of(sources: Sequence[Source]) -> Things:
        """ValueError for a dataset that does not say where its things are."""
        names = tuple(dict.fromkeys(name for source in sources for name in _things(source)))
        places = np.concatenate([_some(source, names) for source in sources])
        return Things(names, np.nanmean(places, 0), np.maximum(np.nanstd(places, 0), LEAST_STD))

    def place(self, source: Source, episode: int, frame: int) -> np.ndarray:
        """float32 [o, 3], normalised; NaN for what the dataset does not have."""
        rows = source.numbers.rows(ENVIRONMENT_STATE, episode, frame, frame + 1)
        return ((_places(source, self.names, rows)[0] - self.mean) / self.std).astype(np.float32)

    def pixels(self, source: Source, episode: int, frame: int) -> np.ndarray:
        """[o, 2]: where the model sees them in the first view, as shares of the picture's sides from the top
        left; NaN for what the dataset does not have."""
        row = source.numbers.rows(OBJECT_PIXELS, episode, frame, frame + 1)
        height, width = source.dataset.features[_first_view(source)].image_size
        pixels = _picked(row, _seen(source), self.names, "uv")[0]
        return turned_point(pixels / (width, height), source.embodiment.cameras[0])


def placed_labels(
    place: np.ndarray,
    pixels: np.ndarray,
    views: Sequence[int],
    inputs: VLMInputs,
    processor: Processor,
) -> PlaceLabels:
    """Places [b, o, 3] and pixels [b, o, 2] beside the tokens of samples with so many views each."""
    ids, (count, length) = inputs.input_ids.numpy(), inputs.input_ids.shape
    pad, turn = (token_id(processor.tokenizer, token) for token in (IMAGE_PAD, IM_START))
    grids = inputs.image_grid_thw.numpy()[:, 1:] // processor.spec.merge
    first = grids[np.cumsum([0, *views[:-1]])]
    presence = np.zeros((count, length, place.shape[1]), np.float32)
    in_view, behind = np.zeros((2, count, length), bool)
    for i, (rows, columns) in enumerate(first.tolist()):
        view = tokens_of(ids[i], pad, (rows, columns))
        in_view[i, view] = True
        for o, where in enumerate(pixels[i]):
            if (patch := patch_of(where, (rows, columns))) is not None:
                presence[i, view[patch], o] = 1.0
        behind[i, np.flatnonzero(ids[i] == turn)[-1] :] = True
    behind &= inputs.attention_mask.numpy().astype(bool)
    arrays = (presence, place, in_view, behind)
    return PlaceLabels(*map(torch.from_numpy, arrays))


def _things(source: Source) -> tuple[str, ...]:
    """In the order of the pixels."""
    camera = source.embodiment.cameras[0]
    if camera.crop != 1.0:  # training crops at random
        raise ValueError(
            f"--places: camera {camera.key!r} of {source.dataset.root} is cropped to {camera.crop} "
            "for the model, expected the whole picture"
        )
    seen = _seen(source)
    things = tuple(name.removesuffix(".u") for name in seen[::2])
    wanted = [f"{thing}.{axis}" for thing in things for axis in "uv"]
    absent = {f"{thing}.{axis}" for thing in things for axis in "xyz"} - set(_columns(source))
    if seen != wanted or absent:
        raise ValueError(
            f"--places: {source.dataset.root} names {OBJECT_PIXELS} {seen} and lacks {sorted(absent)}, "
            "expected THING.u, THING.v of each, and its x, y, z"
        )
    return things


def _some(source: Source, things: Sequence[str]) -> np.ndarray:
    """[n, o, 3]: of the first episodes."""
    episodes = source.training[:SCALE_EPISODES].tolist()
    rows = [source.numbers.rows(ENVIRONMENT_STATE, episode) for episode in episodes]
    return _places(source, things, np.concatenate(rows))


def _places(source: Source, things: Sequence[str], rows: np.ndarray) -> np.ndarray:
    """[n, o, 3]."""
    return _picked(rows, _columns(source), things, "xyz")


def _picked(rows: np.ndarray, columns: Sequence[str], things: Sequence[str], axes: str) -> np.ndarray:
    """Of rows [n, c], the things' columns: [n, o, axes]; NaN where there are none."""
    wanted = [f"{thing}.{axis}" for thing in things for axis in axes]
    picked = np.full((len(rows), len(wanted)), np.nan)
    here = [k for k, name in enumerate(wanted) if name in columns]
    picked[:, here] = rows[:, [columns.index(wanted[k]) for k in here]]
    return picked.reshape(len(rows), len(things), len(axes))


def _columns(source: Source) -> list[str]:
    return list(source.dataset.features[ENVIRONMENT_STATE].names)


def _seen(source: Source) -> list[str]:
    return list(source.dataset.features[OBJECT_PIXELS].names)


def _first_view(source: Source) -> str:
    return IMAGES + source.embodiment.cameras[0].key
