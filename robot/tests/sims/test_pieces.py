"""What an episode of many pieces came to: known answers."""

from xr0_robot.sims.pieces import Account, Moment, Stages


def account(*times, until_s=100.0):
    return Account((), tuple(Moment(t, f"step {t:g}") for t in times), {}, 0, until_s)


def test_the_longest_pause_ends_with_what_ended_it():
    assert account(10.0, 70.0, 90.0).longest_pause() == (60.0, "step 70")
    assert account(40.0, 50.0).longest_pause() == (50.0, "the episode's end")
    assert account().longest_pause() == (100.0, "the episode's end")


def test_only_what_a_piece_never_was_is_progress():
    stages = Stages(("on", "off", "in"))
    for time_s, stage in enumerate((0, 1, 0, 1, 2, 1, 2)):
        stages.see("a", stage, float(time_s))
    stages.see("b", 2, 9.0)
    assert [(m.time_s, m.what) for m in stages.moments] == [(1.0, "a: off"), (4.0, "a: in"), (9.0, "b: in")]
    assert (stages.best("a"), stages.best("c")) == (2, 0)
