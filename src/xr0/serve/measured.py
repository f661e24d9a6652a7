"""How long batches take, as measured: of each bucket and size, the median of the newest."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable
from statistics import median

REMEMBERED = 15
"""Batches of one size: seven that a compiler or another program held up do not move their median."""

MOST_BUCKETS = 64
"""What strangers ask makes buckets; the one that was measured first is forgotten first."""


class ServiceTimes:
    """Seconds that one batch of a bucket takes, whatever its answers are."""

    def __init__(self) -> None:
        self._seen: dict[Hashable, dict[int, deque[float]]] = {}

    def record(self, bucket: Hashable, size: int, seconds: float) -> None:
        """One batch of `size` requests is done."""
        if bucket not in self._seen and len(self._seen) >= MOST_BUCKETS:
            self._seen.pop(next(iter(self._seen)))
        sizes = self._seen.setdefault(bucket, {})
        sizes.setdefault(size, deque(maxlen=REMEMBERED)).append(seconds)

    def known(self, bucket: Hashable) -> bool:
        """Whether any batch of it was measured."""
        return bucket in self._seen

    def seconds(self, bucket: Hashable, size: int) -> float:
        """Of a batch of `size`; 0 for a bucket that is not known.

        A size that was not measured takes what a larger one took, or else as much per request as the largest.
        """
        sizes = self._seen.get(bucket)
        if not sizes:
            return 0.0
        larger = [known for known in sizes if known >= size]
        nearest = min(larger) if larger else max(sizes)
        return median(sizes[nearest]) * max(1.0, size / nearest)

    def longest(self, bucket: Hashable) -> float:
        """Of its slowest size; 0 for a bucket that is not known."""
        return max(map(median, self._seen.get(bucket, {}).values()), default=0.0)

    def cost(self, bucket: Hashable, sharing: int) -> float:
        """Seconds per request in the best batch that `sharing` robots can make; 0 where nothing is known."""
        sizes = range(1, max(1, sharing) + 1)
        return min(self.seconds(bucket, size) / size for size in sizes)
