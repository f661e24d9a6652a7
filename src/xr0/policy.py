"""Policy: observation in, absolute commands out, with timings. What the server serves."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch

from xr0 import checkpoint as checkpoints
from xr0.checkpoint import Checkpoint
from xr0.config import FLOW_STEPS
from xr0.data.collate import pad_rows
from xr0.transform import actions as layout
from xr0.transform.tokenizer import padding_id
from xr0_robot.types import finite_vector


@dataclass(frozen=True)
class Timing:
    """Wall time of each stage of one inference [ms]."""

    preprocess_ms: float
    prefill_ms: float
    denoise_ms: float

    @property
    def total_ms(self) -> float:
        """Their sum."""
        return self.preprocess_ms + self.prefill_ms + self.denoise_ms


@dataclass(frozen=True)
class Request:
    """One robot's question. prefix: absolute commands [p, native_dim] of the p ticks from now on."""

    images: Mapping[str, np.ndarray]
    state: np.ndarray
    instruction: str
    prefix: np.ndarray | None
    seed: int


class Policy:
    """A checkpoint ready to act."""

    def __init__(self, checkpoint: Checkpoint, device: torch.device | None = None) -> None:
        self.checkpoint = checkpoint
        self.embodiment = checkpoint.embodiment
        self.device = device or torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.vla = checkpoint.vla.to(self.device).eval()
        self.dtype = self.vla.sink.weight.dtype

    @staticmethod
    def from_pretrained(folder: str | Path) -> Policy:
        """Load a checkpoint folder; FileNotFoundError or ValueError with one line otherwise."""
        return Policy(checkpoints.load(Path(folder)))

    @property
    def action_horizon(self) -> int:
        """Ticks per chunk."""
        return self.checkpoint.stats.horizon

    @property
    def max_prefix(self) -> int:
        """Longest prefix [ticks] that the checkpoint was trained to continue."""
        return self.checkpoint.contract.max_prefix

    @torch.inference_mode()
    def infer(self, request: Request) -> tuple[np.ndarray, Timing]:
        """Absolute commands float64 [action_horizon, native_dim] from the observation's tick on.

        ValueError on a missing or misshapen camera, a state or prefix of another width or with NaN, a prefix
        longer than the checkpoint knows.
        """
        start = time.perf_counter()
        state = finite_vector("state", request.state, self.embodiment.native_dim)
        prefix = self._prefix(request.prefix, state)
        stats, processor = self.checkpoint.stats, self.checkpoint.processor
        tokens = processor.action(request.images, request.instruction, self.embodiment)
        inputs = pad_rows([tokens], padding_id(processor.tokenizer)).to(self.device, self.dtype)
        normal_state = stats.normalize_state(layout.encode_state(state, self.embodiment))
        prefilled = time.perf_counter()
        context = self.vla.encode(inputs)
        self._synchronize()
        denoised = time.perf_counter()
        actions = self.vla.sample(
            context,
            self._tensor(normal_state[None, None]),
            self._tensor(stats.mask[None]),
            self._noise(request.seed),
            self.checkpoint.contract,
            FLOW_STEPS,
            prefix,
        )
        normal = actions[0].float().cpu().numpy()
        # A slot without spread was constant in the data: it stays at its mean.
        encoded = np.where(stats.mask > 0, stats.unnormalize_actions(normal), stats.action_mean)
        native = layout.decode_actions(encoded, state, self.embodiment)
        done = time.perf_counter()
        spent = np.diff([start, prefilled, denoised, done]) * 1e3
        return native, Timing(*spent.tolist())

    def warm_up(self) -> None:
        """One inference on a blank observation, so that the first real one is not the slowest."""
        images = {c.key: np.zeros((c.height, c.width, 3), np.uint8) for c in self.embodiment.cameras}
        state = np.zeros(self.embodiment.native_dim)
        self.infer(Request(images, state, "warm up", None, seed=0))

    def metadata(self) -> dict[str, object]:
        """What a client needs to know before it moves anything."""
        return {
            "embodiment": self.embodiment.to_dict(),
            "action_horizon": self.action_horizon,
            "max_prefix": self.max_prefix,
            "contract": asdict(self.checkpoint.contract),
            "checkpoint": {"name": self.checkpoint.name, "fingerprint": self.checkpoint.fingerprint},
        }

    def _prefix(self, prefix: np.ndarray | None, state: np.ndarray) -> torch.Tensor | None:
        """Committed commands, re-anchored to this observation's state by encoding them with it."""
        if prefix is None or len(prefix) == 0:
            return None
        if len(prefix) > self.max_prefix:
            raise ValueError(
                f"prefix: got {len(prefix)} ticks, this checkpoint continues at most {self.max_prefix}"
            )
        rows: Sequence[np.ndarray] = [
            finite_vector(f"prefix row {i}", row, self.embodiment.native_dim) for i, row in enumerate(prefix)
        ]
        encoded = layout.encode_actions(np.stack(rows), state, self.embodiment)
        return self._tensor(self.checkpoint.stats.normalize_actions(encoded)[None])

    def _noise(self, seed: int) -> torch.Tensor:
        generator = torch.Generator().manual_seed(seed)
        shape = (1, *self.checkpoint.stats.action_mean.shape)
        return torch.randn(shape, generator=generator).to(self.device, self.dtype)

    def _tensor(self, array: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(array).to(self.device, self.dtype)

    def _synchronize(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)
