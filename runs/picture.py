"""The README's picture: moments of one demo episode side by side. Usage: EPISODE.mp4 OUT.png"""

from __future__ import annotations

import sys
from pathlib import Path

import av
import numpy as np
from PIL import Image

MOMENTS = (0.12, 0.38, 0.6, 0.85)
"""Shares of the episode."""

WIDTH = 1600
"""Of the picture [px]."""


def main() -> None:
    """Decode, pick, shrink, write."""
    video, out = map(Path, sys.argv[1:])
    with av.open(str(video)) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    chosen = [frames[int(share * (len(frames) - 1))] for share in MOMENTS]
    top, bottom = (np.concatenate(chosen[k : k + 2], axis=1) for k in (0, 2))
    picture = Image.fromarray(np.concatenate([top, bottom], axis=0))
    height = round(picture.height * WIDTH / picture.width)
    picture.resize((WIDTH, height), Image.Resampling.LANCZOS).quantize(256).save(out, optimize=True)


if __name__ == "__main__":
    main()
