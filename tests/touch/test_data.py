"""Shards: the same seeds give the same grasps, what is there is kept, evaluation seeds are refused."""

from pathlib import Path

import numpy as np
import pytest

from xr0.touch import data


def test_shards_are_made_once_and_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        data._write_shard(tmp_path / name / "000000.npz", 0, 2)
    first, second = (data.load(tmp_path / name) for name in ("a", "b"))
    np.testing.assert_array_equal(first.forces, second.forces)
    np.testing.assert_array_equal(first.poses, second.poses)
    assert first.forces.shape[1:] == (16, 2, 11, 9)
    monkeypatch.setattr(data, "_write_shard", None)  # nothing left to do, so nothing is written
    data.generate(tmp_path / "a", 2, 0, 1)
    head, tail = first.split(1)
    assert (len(head), len(tail)) == (1, len(first) - 1)


def test_every_pad_holds_the_object_in_every_grasp(tmp_path: Path) -> None:
    data._write_shard(tmp_path / "000000.npz", 40, 3)
    assert (data.load(tmp_path).forces.astype(float).sum(axis=(-2, -1)) >= 0.5).all()


def test_seeds_of_evaluation_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="training has 0 to 500000"):
        data.generate(tmp_path, 10, 499_995, 1)


def test_another_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no shards"):
        data.load(tmp_path)
    (tmp_path / "format.json").write_text('{"format": "xr0-tactile-0"}')
    with pytest.raises(ValueError, match="has format 'xr0-tactile-0'"):
        data.generate(tmp_path, 1, 0, 1)
