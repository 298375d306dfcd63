import pytest
import torch

from cvlib.dance import rival
from cvlib.dance.footage import Motion, footage
from cvlib.dance.objective import Weights
from tests.dance.learning import a_step_lowers
from tests.dance.tracks import scattered


def filmed(*lengths):
    """Clips whose every frame is its number, with a flow and a visibility that are it as well."""
    n = sum(lengths)
    number = torch.arange(float(n))[:, None, None, None]
    frames = number.expand(n, 3, 16, 12).split(lengths)
    target = footage([(clip, scattered(len(clip), size=12).float()) for clip in frames])
    motion = Motion(number.expand(n, 2, 16, 12), torch.ones(n, 1, 16, 12, dtype=torch.bool))
    return target, motion


@pytest.fixture
def parts():
    torch.manual_seed(0)
    target, motion = filmed(7)
    target = type(target)(target.frames / 10 - 0.3, *list(vars(target).values())[1:])
    runs = rival.cut(target, Motion(motion.flow / 10, motion.visible), torch.tensor([0, 2]))
    return rival.generator(4, 1), rival.judges((8, 8)), runs


def test_runs_never_cross_from_one_clip_to_the_next():
    target, motion = filmed(6, 4, 7)
    first = rival.first_frames(target)
    assert first.tolist() == [0, 1, 10, 11, 12], "4 frames hold no run of 5"
    runs = rival.cut(target, motion, first)
    assert runs.frames.shape == (5, 5, 3, 16, 12)
    assert runs.sources.shape == (5, 5, 5, 16, 12)
    assert runs.frames[2, :, 0, 0, 0].tolist() == [10, 11, 12, 13, 14]
    assert torch.equal(runs.flow[:, :, 0], runs.frames[:, :, 0]), "each frame with its own motion"


def test_it_starts_by_carrying_the_last_frame_over(parts):
    G, _, runs = parts
    video = rival.drawn_by(G, runs)
    assert video.image.shape == (2, rival.NEW, 3, 16, 12)
    assert (video.flow == 0).all()
    torch.testing.assert_close(video.warped[:, 0], runs.frames[:, rival.L - 1])


def test_the_judge_of_time_sees_order_and_that_of_frames_does_not(parts):
    _, D, runs = parts
    frames = runs.drawn().frames
    with torch.no_grad():
        forth, back = (rival.judged(D, runs, f) for f in (frames, frames.flip(1)))
    assert len(forth) == 3, "two scales of frames, one of time"
    assert not torch.equal(forth[2][-1], back[2][-1])
    alone = D["frames"](torch.cat([runs.sources[:, rival.L :, :3], frames], 2).flatten(0, 1))
    torch.testing.assert_close(forth[0][-1], alone[0][-1])


def test_one_step_of_each_lowers_its_loss(parts):
    G, D, runs = parts
    for net, loss in (
        (D, lambda: rival.discriminator_loss(G, D, runs)),
        (G, lambda: rival.generator_loss(G, D, runs, Weights())),
    ):
        assert a_step_lowers(net, loss)


def test_no_term_of_a_loss_is_negative(parts):
    G, D, runs = parts
    assert rival.discriminator_loss(G, D, runs) > 0
    assert rival.generator_loss(G, D, runs, Weights()) > rival.motion_loss(drawn(G, runs), runs) > 0


def drawn(G, runs):
    with torch.no_grad():
        return rival.drawn_by(G, runs)


def test_training_d_leaves_g_alone(parts):
    G, D, runs = parts
    rival.discriminator_loss(G, D, runs).backward()
    assert all(p.grad is None for p in G.parameters())


def test_a_true_flow_and_a_true_mask_cost_less(parts):
    G, _, runs = parts
    video = rival.drawn_by(G, runs)
    better = {**vars(video), "flow": runs.drawn().flow, "mask": 1 - runs.drawn().visible}
    told = type(video)(**better)
    still = runs.drawn().frames[:, :, :, :1, :1].expand_as(runs.drawn().frames)
    assert torch.equal(still, runs.drawn().frames), "flat pictures: only the flow itself counts"
    assert rival.motion_loss(told, runs) < rival.motion_loss(video, runs)


def test_a_clip_goes_on_from_what_others_drew(parts):
    G, _, _ = parts
    first = torch.rand(rival.L, 3, 16, 12) * 2 - 1
    sticks = torch.rand(6, 3, 16, 12)
    whole = rival.perform(G, sticks, first)
    assert whole.shape == (6, 3, 16, 12)
    assert torch.equal(whole[: rival.L], first)
    shorter = rival.perform(G, sticks[:4], first)
    torch.testing.assert_close(whole[:4], shorter)  # no frame depends on a later stick
