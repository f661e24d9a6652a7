"""One frame of a video as a small PNG. Usage: VIDEO.mp4 SHARE OUT.png (share of its length, 0 to 1)"""

from __future__ import annotations

import sys
from pathlib import Path

import av
from PIL import Image

WIDTH = 1100
"""Of the picture [px]."""


def main() -> None:
    """Decode, pick, shrink, write."""
    video, share, out = Path(sys.argv[1]), float(sys.argv[2]), Path(sys.argv[3])
    with av.open(str(video)) as container:
        frames = list(container.decode(video=0))
    picture = frames[round(share * (len(frames) - 1))].to_image()
    height = round(picture.height * WIDTH / picture.width)
    picture.resize((WIDTH, height), Image.Resampling.LANCZOS).quantize(256).save(out, optimize=True)


if __name__ == "__main__":
    main()
