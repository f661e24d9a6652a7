"""What a results file holds."""

import json

import numpy as np
import pytest

from xr0_robot import report


def test_what_is_no_number_is_null_however_deep_it_lies(tmp_path):
    path = tmp_path / "new" / "out.json"
    report.write(
        path,
        {
            "nan": float("nan"),
            "rows": [{"time_s": -float("inf"), "seed": 3}, (1.5, float("inf"))],
            "scalar": np.float32("nan"),
            "count": np.int64(7),
            "array": np.array([[1.0, np.nan]]),
            "done": np.bool_(True),
            "text": "NaN",
        },
    )
    assert json.loads(path.read_text(), parse_constant=pytest.fail) == {
        "nan": None,
        "rows": [{"time_s": None, "seed": 3}, [1.5, None]],
        "scalar": None,
        "count": 7,
        "array": [[1.0, None]],
        "done": True,
        "text": "NaN",
    }


def test_a_file_that_cannot_be_written_leaves_the_old_one(tmp_path):
    path = tmp_path / "out.json"
    report.write(path, {"a": 1})
    with pytest.raises(TypeError):
        report.write(path, {"a": object()})
    assert json.loads(path.read_text()) == {"a": 1}
