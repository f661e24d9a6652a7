"""What an observer is told is all that happens, in order."""

import numpy as np
import pytest

from xr0_robot.executor.inference import VirtualInference
from xr0_robot.executor.loop import Executor
from xr0_robot.executor.methods import Prefix
from xr0_robot.executor.safety import Safety
from xr0_robot.executor.tick import InferenceFailed
from xr0_robot.robots.mock import LIMITS, MOCK, MockEnv, MockPolicy


class Listener:
    """Keeps what it is told."""

    def __init__(self):
        self.setup, self.told = None, []

    def begin(self, setup, executor):
        self.setup = setup

    def note(self, event, **values):
        self.told.append((event, values))

    def since(self, start):
        return [event for event, _ in self.told[start:]]


def begin(policy, env, latency_s=0.1):
    listener = Listener()
    inference = VirtualInference(policy, latency_s)
    executor = Executor(inference, Prefix(10), Safety(MOCK, LIMITS), env.state(), 7, observer=listener)
    return executor, listener


def test_a_request_its_reply_and_where_it_takes_over_are_told_in_order():
    env = MockEnv()
    executor, listener = begin(MockPolicy(env), env)
    assert (listener.setup.seed, listener.setup.max_prefix, listener.setup.limits) == (7, 6, LIMITS)
    done = [executor.tick(k / 30, lambda k=k: env.observe("reach the mark", k / 30)) for k in range(4)]
    assert listener.since(0) == (
        ["tick", "observation", "request", "done"]
        + ["tick", "done"] * 2
        + ["tick", "reply", "joined", "done"]
    )
    told = [values for event, values in listener.told if event == "done"]
    assert [values["done"] for values in told] == done
    assert dict(listener.told)["joined"] == {"chunk": 0, "row": 0}  # it held meanwhile: nothing is skipped


def test_what_another_author_commands_and_the_plan_that_it_makes_void_are_told():
    env = MockEnv()
    executor, listener = begin(MockPolicy(env), env)
    executor.tick(0.0, lambda: env.observe("reach the mark", 0.0))
    start = len(listener.told)
    for _ in range(3):
        executor.obey(env.state())
    executor.tick(0.2, lambda: env.observe("reach the mark", 0.2))
    told = listener.since(start)
    assert told == ["obey", "done"] * 3 + ["tick", "reply", "dropped", "observation", "request", "done"]


def test_what_the_policy_raises_is_told_with_the_request_that_it_answers():
    class Refusing(MockPolicy):
        def infer(self, observation, prefix, seed):
            raise ValueError("no")

    env = MockEnv()
    executor, listener = begin(Refusing(env), env)
    with pytest.raises(InferenceFailed, match=r"^no$"):
        executor.tick(0.0, lambda: env.observe("reach the mark", 0.0))
    assert listener.since(0) == ["tick", "observation", "request", "failure"]
    assert str(dict(listener.told)["failure"]["error"]) == "no"
    assert np.array_equal(listener.setup.state, env.state())
