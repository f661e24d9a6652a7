"""What `--policy.*` says. Names and values are those of `xr0 post-train`, or LeRobot's own."""

from __future__ import annotations

from dataclasses import dataclass, field

from lerobot.configs import NormalizationMode, PreTrainedConfig
from lerobot.optim import AdamWConfig, CosineDecayWithWarmupSchedulerConfig

from xr0.config import FLOW_STEPS
from xr0.recipes.named import POST_TRAIN
from xr0.train.optim import ADAM_BETAS
from xr0_robot.executor.strategy import EXECUTE_HORIZON

PAPER = POST_TRAIN["paper"].train

CHOICES = {
    "stats": (None, "data", "checkpoint"),
    "trainable": ("expert", "all"),
    "prefix": ("paper", "released", "sync"),
}
"""Of the options that have some. A prefix rule that mixes two samples needs more than LeRobot's batch."""


@PreTrainedConfig.register_subclass("xr0")
@dataclass
class XR0Config(PreTrainedConfig):
    """ValueError, one line, for a value that is none.

    Args:
        checkpoint: where training starts: a folder of either layout, a .pt file, a name on the hub. Not read
            where --policy.path names a folder of LeRobot's.
        robot: an Embodiment as JSON; else the dataset's meta/embodiment.json, else the checkpoint's.
        robot_type: which robot of a checkpoint that serves several.
        stats: where the checkpoint has other statistics for a robot of this name: "data" or "checkpoint".
        new_titles: let cameras have titles that the checkpoint was not trained with.
        chunk_size: ticks of a chunk, as many as the checkpoint's where its robot is kept.
        n_action_steps: how many of them `select_action` executes before it asks anew.
        trainable: the action expert alone, or all but the input embeddings.
        prefix: the rule by which committed actions are shown: paper, released or sync.
        frequency: weight of the loss between spectra over time.
        colour: whether brightness, contrast and saturation of training pictures change.
        flow_steps: Euler steps of an inference.
    """

    checkpoint: str | None = None
    robot: str | None = None
    robot_type: str | None = None
    stats: str | None = None
    new_titles: bool = False
    chunk_size: int = 30
    n_action_steps: int = EXECUTE_HORIZON
    trainable: str = "expert"
    prefix: str = "paper"
    frequency: float = 0.0
    colour: bool = True
    flow_steps: int = FLOW_STEPS
    normalization_mapping: dict[str, NormalizationMode] = field(
        default_factory=lambda: dict.fromkeys(("VISUAL", "STATE", "ACTION"), NormalizationMode.IDENTITY)
    )
    optimizer_lr: float = PAPER.lr
    optimizer_weight_decay: float = PAPER.weight_decay
    optimizer_grad_clip_norm: float = PAPER.grad_clip
    scheduler_warmup_steps: int = PAPER.warmup
    scheduler_decay_steps: int = PAPER.steps
    scheduler_decay_lr: float = PAPER.final_share * PAPER.lr

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, valid in CHOICES.items():
            got, listed = getattr(self, name), ", ".join(map(str, valid))
            if got not in valid:
                raise ValueError(f"--policy.{name}: got {got!r}, expected one of {listed}")
        if not 1 <= self.n_action_steps <= self.chunk_size:
            raise ValueError(
                f"--policy.n_action_steps: got {self.n_action_steps}, expected 1 to --policy.chunk_size, "
                f"{self.chunk_size}"
            )

    @property
    def observation_delta_indices(self) -> None:
        """One observation, without a dimension for time."""
        return

    @property
    def action_delta_indices(self) -> list[int]:
        """A chunk begins with the observation's own tick."""
        return list(range(self.chunk_size))

    @property
    def reward_delta_indices(self) -> None:
        """None are read."""
        return

    def validate_features(self) -> None:
        """Nothing here: the policy compares them with its robot."""

    def get_optimizer_preset(self) -> AdamWConfig:
        """The paper's optimiser; its rate is the released post-training code's."""
        return AdamWConfig(
            lr=self.optimizer_lr,
            betas=ADAM_BETAS,
            weight_decay=self.optimizer_weight_decay,
            grad_clip_norm=self.optimizer_grad_clip_norm,
        )

    def get_scheduler_preset(self) -> CosineDecayWithWarmupSchedulerConfig:
        """The cosine of that code; LeRobot shrinks it to shorter runs."""
        return CosineDecayWithWarmupSchedulerConfig(
            peak_lr=self.optimizer_lr,
            decay_lr=self.scheduler_decay_lr,
            num_warmup_steps=self.scheduler_warmup_steps,
            num_decay_steps=self.scheduler_decay_steps,
        )
