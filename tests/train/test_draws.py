"""What is drawn for a sample depends on its seed, and on nothing around it."""

import pytest
import torch

from xr0.train import draws


def test_a_sample_draws_the_same_alone_and_among_others() -> None:
    seeds = torch.tensor([7, 2**62, 0, 7])
    for draw in (draws.normal, draws.uniform):
        together = draw(seeds, draws.NOISE, (5, 3))
        for k in range(4):
            assert torch.equal(draw(seeds[k : k + 1], draws.NOISE, (5, 3))[0], together[k])
        assert torch.equal(together[0], together[3])
        assert not torch.isclose(together[0], together[1]).any()


def test_a_longer_chunk_begins_with_the_same_noise() -> None:
    seeds = torch.arange(3)
    assert torch.equal(
        draws.normal(seeds, draws.NOISE, (30, 4, 32))[:, :7], draws.normal(seeds, draws.NOISE, (7, 4, 32))
    )


def test_streams_are_independent_and_distributed_as_their_names_say() -> None:
    seeds = torch.arange(2000)
    streams = [draws.uniform(seeds, stream, (10,)) for stream in range(4)]
    for k, stream in enumerate(streams):
        assert 0 <= stream.min() < stream.max() < 1
        assert float(stream.mean()) == pytest.approx(0.5, abs=0.01)
        for other in streams[:k]:
            correlation = torch.corrcoef(torch.stack([stream.flatten(), other.flatten()]))[0, 1]
            assert abs(float(correlation)) < 0.03
    noise = draws.normal(seeds, draws.NOISE, (10,))
    assert float(noise.mean()) == pytest.approx(0, abs=0.03)
    assert float(noise.std()) == pytest.approx(1, abs=0.02)
