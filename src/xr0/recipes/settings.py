"""What a run of a stage is told, as data: its datasets, where it begins, and all that it is trained with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from xr0.train.settings import TrainSettings, require
from xr0.transform.images import MIN_PIXELS

Fit = Literal["data", "checkpoint"]


@dataclass(frozen=True)
class Given:
    """Datasets of a run.

    Args:
        data: LeRobot datasets, folders or names on the hub.
        robot: an Embodiment as JSON for each dataset, or one for all; meta/embodiment.json otherwise.
        weights: how often each dataset is drawn; by its frames otherwise.
        held_out: episodes that are validated on, for a single dataset; a share of 3 %, at least one,
            otherwise.
    """

    data: tuple[str, ...]
    robot: tuple[Path, ...] = ()
    weights: tuple[float, ...] = ()
    held_out: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if len(self.robot) not in (0, 1, len(self.data)):
            raise ValueError(
                f"--robot: got {len(self.robot)} files for {len(self.data)} datasets, expected 1 or as many"
            )
        if len(self.weights) not in (0, len(self.data)):
            raise ValueError(f"--weights: got {len(self.weights)} for {len(self.data)} datasets")
        if self.held_out and len(self.data) > 1:
            raise ValueError("--held-out: names episodes of a single dataset, got several")


@dataclass(frozen=True)
class Start:
    """Where a run begins.

    Args:
        checkpoint: a folder of either layout, a .pt file, or a name on the hub.
        stats: where the checkpoint has other statistics for a robot of this name: fit them anew to this data,
            or keep the checkpoint's.
        new_titles: let cameras have titles that the checkpoint was not trained with.
    """

    checkpoint: str
    stats: Fit | None = None
    new_titles: bool = False


@dataclass(frozen=True)
class SampleSettings:
    """What a sample shows.

    Args:
        horizon_s: length of a chunk [s]; in ticks it is this times a robot's rate.
        colour: whether brightness, contrast and saturation of training pictures change.
        max_pixels: budget of a view [px]; the start's own if it is left out.
        keep_every: decode every so-many-th picture once and keep it compressed, at the model's own size, in
            the cache ($XR0_CACHE or ~/.cache/xr0); only those frames are drawn. Without it pictures are
            decoded as they are drawn.
    """

    horizon_s: float = 1.0
    colour: bool = False
    max_pixels: int | None = None
    keep_every: int | None = None

    def __post_init__(self) -> None:
        require("horizon_s", self.horizon_s, above=0)
        if self.max_pixels is not None:
            require("max_pixels", self.max_pixels, at_least=MIN_PIXELS)
        if self.keep_every is not None:
            require("keep_every", self.keep_every, at_least=1)


@dataclass(frozen=True)
class ChoiceSettings:
    """Stage 1.

    Args:
        train: how it learns.
        samples: what it is shown.
        candidates: chunks that Choice Policies choose from.
        robot_per_language: robot samples for each vision-language sample, where there are such.
        gradient_checkpointing: compute activations a second time instead of keeping them.
        places: learn where things are as well, from datasets that say so of each frame
            (observation.environment_state and observation.object_pixels, which simulators know).
    """

    train: TrainSettings
    samples: SampleSettings = SampleSettings()
    candidates: int = 5
    robot_per_language: float = 6.0
    gradient_checkpointing: bool = False
    places: bool = False

    def __post_init__(self) -> None:
        require("candidates", self.candidates, at_least=1)
        require("robot_per_language", self.robot_per_language, above=0)


@dataclass(frozen=True)
class FlowSettings:
    """Stage 2.

    Args:
        train: how it learns.
        samples: what it is shown.
        trainable: the action expert alone, low-rank adapters on VLM and expert, or all but the input
            embeddings.
        lora_rank: of the adapters.
        gradient_checkpointing: compute activations a second time instead of keeping them.
    """

    train: TrainSettings
    samples: SampleSettings = SampleSettings()
    trainable: Literal["expert", "lora", "all"] = "expert"
    lora_rank: int = 16
    gradient_checkpointing: bool = False

    def __post_init__(self) -> None:
        require("lora_rank", self.lora_rank, at_least=1)


@dataclass(frozen=True)
class PostTrainSettings(FlowSettings):
    """Stage 3: as stage 2, with a prefix.

    Args:
        frequency: weight of the loss between spectra over time; 0 leaves it out.
        prefix: rule by which committed actions are shown: `paper` 0 to 6 ticks for each sample; `released`
            none in half of the batches, else 1 to 6 for the whole batch, older ones hidden at random; `full`
            as `paper`, seen by every action; `sync` never any; `bridged` as `paper`, with the motion of
            another moment and a way back behind it.
    """

    frequency: float = 0.0
    prefix: Literal["paper", "released", "full", "sync", "bridged"] = "paper"

    def __post_init__(self) -> None:
        super().__post_init__()
        require("frequency", self.frequency, at_least=0)


StageSettings = ChoiceSettings | FlowSettings
"""Of any stage."""
