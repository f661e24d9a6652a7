"""A model small enough to build in every test."""

import torch

from xr0.config import DiTConfig, ModelConfig
from xr0.model.vla import VLA
from xr0.sizes import qwen3_vl
from xr0.types import VLMInputs

IMAGE, VIDEO, START, END = 60, 61, 62, 63
GRID = (4, 4)
TOKENS = 4


def build() -> VLA:
    torch.manual_seed(0)
    text = {
        "vocab_size": 64,
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_hidden_layers": 3,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 16,
        "max_position_embeddings": 512,
    }
    vision = {
        "depth": 2,
        "hidden_size": 16,
        "num_heads": 2,
        "intermediate_size": 32,
        "patch_size": 4,
        "spatial_merge_size": 2,
        "temporal_patch_size": 2,
        "out_hidden_size": 32,
        "num_position_embeddings": 16,
        "deepstack_visual_indexes": [0],
    }
    names = ("image_token_id", "video_token_id", "vision_start_token_id", "vision_end_token_id")
    ids = dict(zip(names, (IMAGE, VIDEO, START, END), strict=True))
    vlm = qwen3_vl(text, vision, mrope_section=[4, 2, 2], special_ids=ids)
    return VLA(ModelConfig(vlm, DiTConfig(hidden_size=64, num_layers=2, head_dim=16, rope_theta=5e6))).eval()


def row(text: list[int], seed: int) -> tuple[list[int], torch.Tensor]:
    """A context with one image, and its patches."""
    patches = torch.randn(GRID[0] * GRID[1], 96, generator=torch.Generator().manual_seed(seed))
    return [1, START, *[IMAGE] * TOKENS, END, *text], patches


def inputs(rows: list[tuple[list[int], torch.Tensor]], left: bool = False) -> VLMInputs:
    length = max(len(ids) for ids, _ in rows)
    padded = [[0] * (length - len(i)) + i if left else i + [0] * (length - len(i)) for i, _ in rows]
    masks = [
        [0] * (length - len(i)) + [1] * len(i) if left else [1] * len(i) + [0] * (length - len(i))
        for i, _ in rows
    ]
    grid = torch.tensor([[1, *GRID]] * len(rows))
    return VLMInputs(torch.tensor(padded), torch.tensor(masks), torch.cat([p for _, p in rows]), grid)


def seeded(batch: int, first: int = 0) -> tuple[torch.Tensor, torch.Tensor, tuple[str, ...], torch.Tensor]:
    """seeds, shared_seed, origin and committed of a batch."""
    origin = tuple(f"set, episode 0, frame {k}" for k in range(batch))
    return (
        torch.arange(first, first + batch),
        torch.tensor(first),
        origin,
        torch.zeros(batch, dtype=torch.long),
    )
