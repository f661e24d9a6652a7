import numpy as np
import pytest

from xr0_robot.sims import cameras
from xr0_robot.sims.brick_table import tasks

pytestmark = pytest.mark.sim


def test_an_observation_is_two_pictures_and_a_measured_state(env):
    env.reset(0)
    observation = env.observe("put the red brick in the left bin", 1.5)
    assert {key: image.shape for key, image in observation.images.items()} == {
        "base": (128, 128, 3),
        "wrist": (128, 128, 3),
    }
    assert not np.shares_memory(*observation.images.values())
    assert observation.time_s == 1.5
    np.testing.assert_array_equal(observation.state, env.state())


def test_pictures_repeat_for_a_seed_and_do_not_depend_on_size(env):
    env.reset(3)
    first = env.observe("look", 0.0).images
    large = env.render("base", 256, 256)
    env.reset(4)
    assert not np.array_equal(first["base"], env.observe("look", 0.0).images["base"])
    env.reset(3)
    again = env.observe("look", 0.0).images
    for key, image in first.items():
        np.testing.assert_array_equal(image, again[key])
    small = large.reshape(128, 2, 128, 2, 3).mean(axis=(1, 3))
    assert np.abs(small - first["base"]).mean() < 3.0


@pytest.mark.parametrize("camera", ["base", "wrist"])
def test_a_brick_is_where_projection_says(env, camera):
    """Hide one brick under the table: the pixels that change are centred on its projection."""
    for seed in range(4):
        env.reset(seed)
        with_all = env.render(camera, 128, 128).astype(int)
        for colour in tasks.COLOURS:
            centre = env.object_positions()[colour]
            share = cameras.seen(env.model, env.data, env.view(camera), centre[None], (colour,))
            u, v = env.project(camera, centre)
            if share == 0.0 or not (12 < u < 116 and 12 < v < 116):
                continue
            env.data.joint(colour).qpos[2] = -0.5
            env.move_brick(colour, centre[:2])
            changed = np.abs(env.render(camera, 128, 128) - with_all).sum(axis=2) > 30
            env.data.joint(colour).qpos[2] = centre[2]
            env.move_brick(colour, centre[:2])
            rows, columns = np.nonzero(changed)
            assert len(rows) >= 40
            assert changed[int(v), int(u)]
            middle = (columns.min() + columns.max() + 1) / 2, (rows.min() + rows.max() + 1) / 2
            np.testing.assert_allclose((u, v), middle, atol=2.5)


def test_the_base_camera_sees_the_workspace_and_both_bins(env):
    env.reset(0)
    for x, y in [(0.29, -0.17), (0.29, 0.17), (0.47, -0.17), (0.47, 0.17), (0.70, -0.17), (0.70, 0.17)]:
        u, v = env.project("base", np.array([x, y, 0.0]))
        assert 2 < u < 126
        assert 2 < v < 126


def test_left_is_left_in_the_base_picture(env):
    u_left, _ = env.project("base", np.array([0.4, 0.1, 0.0]))
    u_right, _ = env.project("base", np.array([0.4, -0.1, 0.0]))
    assert u_left < u_right


def test_a_point_behind_the_camera_has_no_pixel(env):
    assert np.isnan(env.project("base", np.array([0.9, 0.0, 2.0]))).all()
