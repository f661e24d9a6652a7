"""Floors of devices that are not here, against numbers counted by hand."""

import json
from pathlib import Path

import pytest

from xr0.bench import predict
from xr0.cli.main import run as xr0
from xr0.sizes import official_4b


@pytest.mark.parametrize(
    ("views", "pixels", "horizon", "expected"),
    [(2, 224, 10, 11.6), (2, 256, 10, 13.3), (3, 256, 30, 17.3)],
)
def test_the_4090s_floor_is_the_one_counted_by_hand(
    views: int, pixels: int, horizon: int, expected: float
) -> None:
    """By hand the last layer is whole, the opening is read anew, and time is embedded in every step."""
    found = predict.predict("rtx4090", predict.inference(official_4b(), views, pixels, horizon))
    assert 0.88 * expected < found["total_ms"] < expected
    assert "prediction" in found["what"]


def test_less_memory_speed_is_a_higher_floor_of_what_reads_and_computes_little() -> None:
    given = predict.inference(official_4b(), 2, 256, 30)
    thor, h200 = (predict.predict(name, given) for name in ("thor", "h200"))
    denoise = [found["stages"]["denoise"]["floor_ms"] for found in (thor, h200)]
    assert denoise[0] / denoise[1] == pytest.approx(4.8e12 / 0.273e12, rel=1e-6)


def test_the_command_says_that_it_predicts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "predicted.json"
    assert xr0(["bench", "predict", "--device", "thor", "orin", "--json", str(out)]) == 0
    said = capsys.readouterr().out
    assert said.count("PREDICTION") == 2 and "by memory" in said
    found = json.loads(out.read_text())["predictions"]
    assert [each["device"]["name"] for each in found] == ["orin", "thor"]
    assert found[0]["total_ms"] == sum(stage["floor_ms"] for stage in found[0]["stages"].values())
    with pytest.raises(ValueError, match="--device: got abacus, expected some of rtx4090, orin"):
        xr0(["bench", "predict", "--device", "abacus"])
