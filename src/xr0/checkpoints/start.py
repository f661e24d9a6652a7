"""A trained checkpoint as the start of fine-tuning: for another robot, of any width."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from torch import Tensor

from xr0.checkpoints import folder as checkpoint
from xr0.checkpoints import fresh, official, pretrained, weights
from xr0.checkpoints.folder import CONFIG, Checkpoint
from xr0.checkpoints.options import LoadOptions
from xr0.model.vla import VLA

OUTPUT = "action_output_layer.layers.2.weight"
"""From hidden numbers to slots, as many of the one as of the other (released modeling_mibot.py)."""


def load(source: str | Path, options: LoadOptions = LoadOptions()) -> Checkpoint:  # noqa: B008 (frozen)
    """As `pretrained.load`, for a start whose robots are going to be replaced: robot types whose robot is not
    known are left out, so that there may be none."""
    folder, weights_at = pretrained.locate(source)
    released = official.is_official(checkpoint.read_json(folder / CONFIG))
    read = official.read_known if released else pretrained.read_about
    return checkpoint.assemble(folder, read(folder, weights_at, options), weights_at)


def known_titles(start: Checkpoint) -> tuple[str, ...]:
    """Of the views that the weights have seen, as far as it is known: none for undocumented robot types."""
    titles = (camera.title for robot in start.robots.values() for camera in robot.embodiment.cameras)
    return tuple(dict.fromkeys(titles))


def resized(vla: VLA, state_dim: int, action_dim: int, seed: int) -> tuple[VLA, tuple[str, ...]]:
    """The same weights for wider vectors, and a line for each part of them that is new, drawn from `seed` as
    in a new model. ValueError for narrower ones.

    With nothing in the new slots, the old ones are moved as before: what leads from a new hidden number to
    an old slot begins at zero. All but the projectors is shared with `vla`, not copied.
    """
    old = vla.config
    if state_dim < old.state_dim or action_dim < old.action_dim:
        raise ValueError(
            f"start: got {state_dim} state and {action_dim} action slots, expected at least the weights' "
            f"{old.state_dim} and {old.action_dim}"
        )
    if (state_dim, action_dim) == (old.state_dim, old.action_dim):
        return vla, ()
    with fresh.seeded(seed):
        wide = VLA(replace(old, state_dim=state_dim, action_dim=action_dim), vla.vlm)
    wide.expert.to(vla.sink.weight.dtype)
    own = {name: value for name, value in weights.state_dict(vla).items() if not name.startswith("vlm.")}
    new = weights.state_dict(wide)
    grown = {name: _grown(value, new[name]) for name, value in own.items() if value.shape != new[name].shape}
    if OUTPUT in grown:
        grown[OUTPUT][: old.action_dim, old.action_dim :] = 0.0
    wide.load_state_dict({**own, **grown}, strict=False, assign=True)
    lines = (f"{name}: {tuple(own[name].shape)} grew to {tuple(v.shape)}" for name, v in grown.items())
    return wide.eval(), tuple(lines)


def _grown(old: Tensor, new: Tensor) -> Tensor:
    """`new`, with `old` in its first rows and columns."""
    grown = new.clone()
    grown[tuple(slice(n) for n in old.shape)] = old
    return grown
