from xr0_robot.bench import steadiness


def test_every_tick_of_a_loaded_loop_is_accounted_for():
    found = steadiness.measure(rate_hz=50.0, seconds=1.0, burners=1, first=False)
    assert found["error"] is None and found["ticks"] == 50
    jitter = found["jitter_ms"]
    assert 0.0 <= jitter["p50"] <= jitter["p99"] <= jitter["max"]
    assert found["decide_ms"]["p50"] > 0.0 and found["latency_ms"]["p50"] >= steadiness.THINK_S * 1e3
