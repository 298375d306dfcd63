import torch

from cvlib.dance.reader import PoseReader, read_poses, reader_loss, shifted


def test_places_lie_in_the_frame():
    torch.manual_seed(0)
    P = PoseReader(5, 8)
    places = P(torch.rand(2, 3, 32, 24))
    assert places.shape == (2, 5, 2)
    assert (places >= 0).all()
    assert (places < torch.tensor([24.0, 32.0])).all()
    read = read_poses(P, torch.rand(3, 3, 32, 24))
    assert read.shape == (3, 5, 3)
    assert (read[..., 2] == 1).all()


def test_it_learns_to_point_at_a_bright_spot():
    torch.manual_seed(0)
    places = torch.randint(4, 28, (64, 1, 2))
    frames = torch.full((64, 3, 32, 32), -1.0)
    for frame, ((x, y),) in zip(frames, places.tolist(), strict=True):
        frame[:, y - 1 : y + 2, x - 1 : x + 2] = 1
    keypoints = torch.cat([places.float(), torch.ones(64, 1, 1)], -1)
    P = PoseReader(1, 8)
    opt = torch.optim.Adam(P.parameters(), 1e-2)
    for _ in range(80):
        opt.zero_grad()
        reader_loss(P, frames[:48], keypoints[:48]).backward()
        opt.step()
    assert reader_loss(P, frames[48:], keypoints[48:]) < 2.0


def test_joints_that_were_not_found_do_not_teach():
    P = PoseReader(2, 8)
    frames, keypoints = torch.rand(2, 3, 32, 24), torch.rand(2, 2, 3)
    keypoints[..., 2] = 1
    keypoints[:, 1] = torch.tensor([9e3, 9e3, 0.0])
    alone = (P(frames)[:, 0] - keypoints[:, 0, :2]).norm(dim=-1).mean()
    torch.testing.assert_close(reader_loss(P, frames, keypoints), alone)


def test_frames_and_joints_are_shifted_together():
    frames = torch.zeros(1, 3, 20, 20)
    frames[..., 9, 12] = 1
    keypoints = torch.tensor([[[12.0, 9.0, 1.0], [0.0, 0.0, 1.0]]])
    for seed in range(6):
        moved, there = shifted(frames, keypoints, 3, torch.Generator().manual_seed(seed))
        x, y = there[0, 0, :2].long().tolist()
        assert moved[0, 0, y, x] == 1
        inside = (there[0, 1, :2] > -0.5).all()
        assert there[0, 1, 2] == float(inside)
