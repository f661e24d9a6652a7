import threading
import time
from dataclasses import replace

import numpy as np
import pytest

from xr0_robot.deadlines import Urgency
from xr0_robot.executor.inference import Request, ThreadedInference, VirtualInference
from xr0_robot.robots.mock import MockEnv, MockPolicy


@pytest.fixture
def env():
    return MockEnv()


def request_of(env, tick=0, prefix=None):
    return Request(env.observe("reach the mark", 0.0), prefix, seed=0, tick=tick)


@pytest.mark.parametrize("latency_ms, ticks", [(0, 0), (100, 3), (200, 6), (101, 4), (33.4, 2)])
@pytest.mark.parametrize("start_tick", [0, 1, 7, 1009])
def test_a_virtual_reply_comes_at_the_exact_tick(env, latency_ms, ticks, start_tick):
    inference = VirtualInference(MockPolicy(env), latency_ms / 1e3)
    inference.start(request_of(env), start_tick / 30.0)
    arrived = next(tick for tick in range(100) if inference.poll((start_tick + tick) / 30.0) is not None)
    assert arrived == ticks
    assert not inference.busy


def test_a_cancelled_reply_never_comes(env):
    for inference in (VirtualInference(MockPolicy(env), 0.1), ThreadedInference(MockPolicy(env))):
        inference.start(request_of(env), 0.0)
        inference.cancel()
        assert inference.poll(1e9) is None
        assert not inference.busy
        inference.close()


def test_urgency_reaches_a_shared_policy_by_the_wall_clock_only(env):
    """A virtual clock waits for the answer: nothing is late there, and a server must not think so."""
    told = []

    class Shared(MockPolicy):
        takes_urgency = True

        def infer(self, observation, prefix, seed, urgency=None):
            told.append(urgency)
            return super().infer(observation, prefix, seed)

    urgency = Urgency(0.5, 1.5)
    asked = replace(request_of(env), urgency=urgency)
    for inference in (ThreadedInference(Shared(env)), VirtualInference(Shared(env), 0.1)):
        inference.start(asked, 0.0)
        while inference.poll(1.0) is None:
            time.sleep(0.001)
        inference.close()
    assert told == [urgency, None]
    assert asked.answer(MockPolicy(env)).actions.shape[1] == 7


def test_one_request_at_a_time(env):
    for inference in (VirtualInference(MockPolicy(env), 0.1), ThreadedInference(MockPolicy(env))):
        inference.start(request_of(env), 0.0)
        with pytest.raises(RuntimeError, match="under way"):
            inference.start(request_of(env), 0.0)
        inference.cancel()
        inference.close()


def test_the_control_thread_does_not_wait_and_gets_the_reply_once(env):
    gate = threading.Event()

    class Gated(MockPolicy):
        def infer(self, observation, prefix, seed):
            gate.wait(10)
            return super().infer(observation, prefix, seed)

    inference = ThreadedInference(Gated(env))
    inference.start(request_of(env, tick=5), 0.0)
    assert inference.poll(0.0) is None and inference.busy
    gate.set()
    reply = None
    while reply is None:
        reply = inference.poll(0.0)
    assert reply.request.tick == 5 and reply.latency_s > 0
    assert inference.poll(0.0) is None
    inference.close()


def test_added_latency_is_part_of_the_measured_one(env):
    inference = ThreadedInference(MockPolicy(env), added_latency_s=0.05)
    inference.start(request_of(env), 0.0)
    reply = None
    while reply is None:
        reply = inference.poll(0.0)
    assert reply.latency_s >= 0.05
    inference.close()


@pytest.mark.parametrize("make", [lambda p: VirtualInference(p, 0.0), ThreadedInference])
def test_what_the_policy_raises_is_raised_on_the_control_thread(env, make):
    class Refusing(MockPolicy):
        def infer(self, observation, prefix, seed):
            raise RuntimeError("state: got 6 numbers, expected 7")

    inference = make(Refusing(env))
    with pytest.raises(RuntimeError, match="got 6 numbers"):
        inference.start(request_of(env), 0.0)
        while inference.poll(0.0) is None:
            pass
    assert not inference.busy
    inference.close()


def test_what_was_committed_is_what_the_policy_gets(env):
    seen = []

    class Noting(MockPolicy):
        def infer(self, observation, prefix, seed):
            seen.append(0 if prefix is None else len(prefix))
            return super().infer(observation, prefix, seed)

    policy = Noting(env)
    request_of(env).answer(policy)
    request_of(env, prefix=np.zeros((2, 7))).answer(policy)
    assert seen == [0, 2]


@pytest.mark.parametrize("latency_s", [-0.1, float("nan"), float("inf")])
def test_an_impossible_latency_is_refused(env, latency_s):
    with pytest.raises(ValueError, match="latency"):
        VirtualInference(MockPolicy(env), latency_s)
