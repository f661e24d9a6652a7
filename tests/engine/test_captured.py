"""What does not need a GPU of what is captured there: sizes, buffers, and that padding changes no answer."""

from pathlib import Path

import numpy as np
import torch

from xr0.checkpoints import folder
from xr0.engine import Model
from xr0.engine.captured import LENGTHS, sizes, smallest
from xr0.engine.fused import Feed, Stages
from xr0.engine.places import Places
from xr0.policy import Policy, Request

TINY = Path(__file__).resolve().parents[2] / "checkpoints" / "tiny_lambda"


def test_sizes_are_powers_of_two_and_the_largest() -> None:
    assert sorted({batch for batch, _ in sizes(100, 6)}) == [1, 2, 4, 6]
    assert sorted({batch for batch, _ in sizes(100, 8)}) == [1, 2, 4, 8]
    assert {length for _, length in sizes(100, 1)} == {100 + more for more in LENGTHS}


def test_a_batch_takes_the_smallest_size_that_it_fits_in() -> None:
    captured = [(1, 116), (1, 132), (4, 116), (4, 132)]
    assert smallest(captured, 1, 110) == (1, 116)
    assert smallest(captured, 1, 117) == (1, 132)
    assert smallest(captured, 2, 116) == (4, 116)
    assert smallest(captured, 5, 100) is None
    assert smallest(captured, 1, 133) is None


@torch.inference_mode()
def test_larger_buffers_with_other_rows_behind_give_the_same_actions() -> None:
    policy = Policy(folder.load(TINY))
    done = len(policy.opening.ids)
    rng = np.random.default_rng(0)

    def request(sentence: str, prefix: np.ndarray | None) -> Request:
        images = {c.key: rng.integers(0, 256, (*c.size, 3), np.uint8) for c in policy.embodiment.cameras}
        state = np.array([0.4, 0.05, 0.2, 0.0, 0.0, 0.3, 0.5])
        return Request(images, state, sentence, prefix, seed=int(rng.integers(99)))

    stages = Stages(Model(policy.vla, policy.checkpoint.contract, policy.steps, policy.opening))
    blank = policy.prepare([request("warm up", None)])
    prefix = np.tile([0.41, 0.05, 0.2, 0.0, 0.0, 0.3, 0.5], (3, 1))
    given = policy.prepare(
        [request("put it away", prefix), request("put the red brick in the left bin", None)]
    )
    assert given.grids is not None
    ids = given.inputs.input_ids[1].tolist()
    places = Places.of(policy.vla.vlm, ids + ids[-1:] * 64, given.grids, done)

    def actions(feed: Feed) -> torch.Tensor:
        features = stages.vision(feed.pixels, places)
        context = stages.prefill(feed.ids, feed.lengths, features, places)
        return stages.denoise(context, feed.state, feed.action_mask, feed.start)

    feed = Feed.of(given, done)
    room = Feed.of(blank, done).room(4, feed.ids.shape[1] + 9)
    room.fill(feed)
    torch.testing.assert_close(actions(room)[:2], actions(feed), atol=1e-5, rtol=0)
    assert room.pixels.data_ptr() != feed.pixels.data_ptr()
