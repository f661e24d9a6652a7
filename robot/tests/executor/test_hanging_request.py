"""A request that hangs costs its own episode, not the next one."""

import threading
import time

from xr0_robot.executor.inference import Request, ThreadedInference
from xr0_robot.robots.mock import MockEnv, MockPolicy


class HangsOnce(MockPolicy):
    """The first request is answered when the gate opens, the others at once."""

    def __init__(self, env):
        super().__init__(env)
        self.gate, self.asked = threading.Event(), 0

    def infer(self, observation, prefix, seed):
        self.asked += 1
        if self.asked == 1:
            self.gate.wait(60)
        return super().infer(observation, prefix, seed)


def test_a_request_that_hangs_is_left_behind_and_the_next_is_answered():
    env = MockEnv()
    policy = HangsOnce(env)
    inference = ThreadedInference(policy)
    inference.start(Request(env.observe("reach the mark", 0.0), None, seed=0, tick=1), 0.0)
    while policy.asked == 0:
        time.sleep(0.001)
    inference.cancel()
    assert not inference.busy
    inference.start(Request(env.observe("reach the mark", 0.0), None, seed=0, tick=2), 0.0)
    until_s, reply = time.monotonic() + 30, None
    while reply is None and time.monotonic() < until_s:
        reply = inference.poll(0.0)
    policy.gate.set()
    inference.close()
    assert reply is not None and reply.request.tick == 2
