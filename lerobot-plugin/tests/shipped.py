"""The policies that ship: one that was never told a prefix, and one that goes on from six ticks."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
TINY, LAMBDA = ROOT / "checkpoints/tiny", ROOT / "checkpoints/tiny_lambda"
