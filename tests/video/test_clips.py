"""What the video discriminator sees at each pace."""

import torch

from cvlib.video.clips import conditioned_clips, flow_over, temporal_clips, temporal_index


def test_runs_of_three_at_three_paces():
    assert temporal_index(5) == [[0, 1, 2], [1, 2, 3], [2, 3, 4]]
    assert temporal_index(27, scale=1)[0] == [0, 3, 6]
    assert temporal_index(27, scale=2)[0] == [0, 9, 18]
    assert len(temporal_index(27, scale=2)) == 27 - 18
    assert temporal_index(7, scale=1) == [[0, 3, 6]]
    assert temporal_index(6, scale=1) == []


def test_the_runs_are_the_frames_in_their_order():
    frames = torch.arange(2 * 7.0).view(2, 7, 1, 1, 1).expand(2, 7, 3, 2, 2)
    fine, coarse, coarser = temporal_clips(frames, scales=3)
    assert fine.shape == (2 * 5, 9, 2, 2)
    assert fine[1, ::3, 0, 0].tolist() == [1, 2, 3]
    assert fine[5, ::3, 0, 0].tolist() == [7, 8, 9]  # the second video's first run
    assert coarse[1, ::3, 0, 0].tolist() == [7, 10, 13]
    assert coarser is None
    for scale, run in enumerate((fine, coarse)):
        told = [row[::3, 0, 0].tolist() for row in run[: len(run) // 2]]
        assert told == temporal_index(7, scale=scale)


def test_flow_over_several_steps_is_their_sum_where_all_move_alike():
    steps = torch.arange(1.0, 6.0).view(1, 5, 1, 1, 1).expand(1, 5, 2, 4, 4)
    long = flow_over(steps, 3)
    assert long.shape == (1, 3, 2, 4, 4)
    assert long[0, :, 0, 0, 0].tolist() == [1 + 2 + 3, 2 + 3 + 4, 3 + 4 + 5]
    torch.testing.assert_close(flow_over(steps, 1), steps)


def test_thirteen_channels_and_the_flow_between_the_frames_of_a_run():
    T = 9
    frames = torch.zeros(2, T, 3, 4, 4)
    flow = 8 * torch.arange(float(T)).view(1, T, 1, 1, 1).expand(2, T, 2, 4, 4)
    fine, coarse = conditioned_clips(frames, flow, scales=2)
    assert fine.shape == (2 * (T - 2), 13, 4, 4)
    assert fine[0, 9:, 0, 0].tolist() == [1, 1, 2, 2]  # flow 1 leads from frame 1 to frame 0
    assert coarse.shape == (2 * (T - 6), 13, 4, 4)
    assert coarse[0, 9:, 0, 0].tolist() == [6, 6, 15, 15]  # 1 + 2 + 3 and 4 + 5 + 6
    assert conditioned_clips(frames[:, :2], flow[:, :2]) == [None]
