"""A log survives what befalls it, and the robot never notices."""

import os
import signal
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from xr0_robot.flight import log, segments
from xr0_robot.flight.recorder import THUMBNAIL_PX, open_recorder
from xr0_robot.flight.replay import replay

ENDLESS = """
    import sys
    from pathlib import Path
    from xr0_robot.bench.rollout import Episode, rollout
    from xr0_robot.executor.clock import WallClock
    from xr0_robot.executor.inference import ThreadedInference
    from xr0_robot.executor.methods import Prefix
    from xr0_robot.flight.recorder import open_recorder
    from xr0_robot.robots.mock import LIMITS, MockEnv, MockPolicy

    class Endless(MockEnv):
        def success(self):
            return False

    env = Endless()
    rollout(
        env, Episode(0), inference=ThreadedInference(MockPolicy(env), 0.05), strategy=Prefix(10),
        clock=WallClock(), limits=LIMITS, time_limit_s=100.0, observer=open_recorder(Path(sys.argv[1])),
        watch=lambda tick, observe: print(tick.tick, flush=True),
    )
"""


def test_the_log_of_a_killed_process_is_whole_to_its_last_tick(tmp_path):
    command = [sys.executable, "-c", textwrap.dedent(ENDLESS), str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if int(line) == 30:
                process.send_signal(signal.SIGKILL)
                break
        printed = [30, *map(int, process.stdout)]
    (flight,) = log.read(tmp_path)
    outcome = replay(flight)
    assert outcome.difference is None and outcome.end.startswith("the log ends in tick")
    assert outcome.ticks >= printed[-1] + 1
    assert "joined" in {record["event"] for record in flight.records()}


def test_a_torn_last_record_is_left_out_and_said_wherever_it_is_torn(fly):
    fly(time_limit_s=0.5)
    (path,) = segments.segments(fly.log)
    data = path.read_bytes()
    whole = segments.read(path)
    last = len(whole.payloads[-1]) + segments.HEAD.size
    assert whole.torn is None
    for cut in range(1, last):
        path.write_bytes(data[:-cut])
        (flight,) = log.read(fly.log)
        assert flight.payloads == whole.payloads[1:-1]
        assert flight.notes == (
            f"{path.name}: the last {last - cut} bytes are no whole record, and are left out",
        )
    for place in range(1, last + 1):
        path.write_bytes(data[:-place] + bytes([data[-place] ^ 0x10]) + data[len(data) - place + 1 :])
        assert segments.read(path).payloads == whole.payloads[:-1]


def test_a_full_disk_stops_the_recording_and_not_the_robot(fly, monkeypatch, caplog):
    free, _ = fly(observer=open_recorder(fly.log.with_name("other")), time_limit_s=3.0)
    write, budget = os.write, [20_000]

    def full(file, data):
        budget[0] -= len(data)
        return write(file, data) if budget[0] > 0 else write(file, data[:7])

    monkeypatch.setattr(os, "write", full)
    result, recorder = fly(time_limit_s=3.0)
    assert [t.command.tolist() for t in result.ticks] == [t.command.tolist() for t in free.ticks]
    assert "wrote 7 of" in recorder.broken and recorder.lost > 50
    assert sum("flight recorder stops" in record.message for record in caplog.records) == 1
    monkeypatch.undo()
    (flight,) = log.read(fly.log)
    assert "7 bytes are no whole record" in flight.notes[0]
    assert replay(flight).difference is None
    fly(observer=recorder, time_limit_s=3.0)  # there is room again
    assert recorder.broken is None
    assert replay(list(log.read(fly.log))[1]).ticks == len(result.ticks)


def test_the_budget_holds_over_many_episodes_and_processes(fly):
    for seed in range(6):
        fly(seed=seed, time_limit_s=1.0, budget_bytes=40_000)
    assert sum(path.stat().st_size for path in segments.segments(fly.log)) < 45_000
    flights = list(log.read(fly.log))
    assert flights[-1].setup.seed == 5 and flights[0].setup.seed > 0


def test_pictures_are_kept_small_and_say_whether_a_camera_is_frozen(fly):
    fly(time_limit_s=1.0)
    (flight,) = log.read(fly.log)
    pictures = [record["pictures"] for record in flight.records() if record["event"] == "observation"]
    assert set(pictures[0]) == {"base", "wrist"}
    assert pictures[0]["base"].shape == (THUMBNAIL_PX, THUMBNAIL_PX, 3)
    assert np.array_equal(pictures[0]["base"], pictures[1]["base"])


def test_what_is_no_log_is_refused_in_one_line(tmp_path):
    with pytest.raises(ValueError, match="got no segments"):
        list(log.read(tmp_path))
    (tmp_path / f"mine{segments.SUFFIX}").write_bytes(b"")
    with pytest.raises(ValueError, match="expected numbers as in"):
        open_recorder(tmp_path)
