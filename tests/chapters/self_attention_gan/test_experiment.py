"""The chapter's experiment at toy size: every code path, resume bit for bit, divergence."""

from dataclasses import asdict, replace
from itertools import pairwise

import pytest
import torch

from cvlib.chapters.self_attention_gan import train as loop
from cvlib.chapters.self_attention_gan.config import CONFIG, PANEL, TWINS, Config
from cvlib.chapters.self_attention_gan.experiment import EXPERIMENT, load_images
from cvlib.chapters.self_attention_gan.train import train
from cvlib.course.run import record
from cvlib.course.run.run import Run
from cvlib.gan import shipped
from cvlib.gan.pair import Recipe
from cvlib.gan.sampling import samples
from cvlib.gan.sizes import PRESETS, TINY16
from cvlib.gan.twins import make_twins
from cvlib.metrics.evaluate import GenerativeEvaluator
from cvlib.metrics.features import SmallFeatureNet

TOY = Recipe(steps=6, batch=16, lr_g=1e-3, lr_d=2e-3, half_life=100, d_steps=2)


def toy_run(folder, **options):
    return Run(EXPERIMENT, "smoke", out=folder, **{"save_seconds": 0.0, **options})


def toy_train(run, **options):
    return train(run, "toy", TINY16, TOY, make_twins(64, seed=0), flip=True, **options)


def state(pair):
    return {name: part.state_dict() for name, part in pair.parts().items()}


def flat(tree, path=""):
    if isinstance(tree, dict):
        return {k: v for key in tree for k, v in flat(tree[key], f"{path}/{key}").items()}
    if isinstance(tree, list | tuple):
        return flat(dict(enumerate(tree)), path)
    return {path: tree}


def same(a, b):
    a, b = flat(a), flat(b)
    assert a.keys() == b.keys()
    return all(
        torch.equal(a[k], b[k]) if isinstance(a[k], torch.Tensor) else a[k] == b[k] for k in a
    )


def test_every_arm_of_every_profile_has_nets():
    for config in CONFIG.values():
        for name, _ in config.images.arms:
            PANEL[name].net(PRESETS[config.images.preset])
        for name, _ in config.twins.arms:
            TWINS[name].net(TINY16)


def test_heights_are_shares_of_the_image():
    assert PANEL["attention"].net(PRESETS["sagan32"]).attention_g == (16,)
    assert PANEL["attention_quarter"].net(PRESETS["sagan32"]).attention_d == (8,)
    assert TWINS["feat16"].net(TINY16).attention_g == (16,)
    assert TWINS["feat16"].net(TINY16).attention_d == ()


def test_the_panel_changes_one_thing_at_a_time():
    panel = [asdict(PANEL[name]) for name in ("no_sn", "sn_d", "sn_gd", "ttur", "attention")]
    for before, after in pairwise(panel):
        assert sum(before[k] != after[k] for k in before) == 1
    images = CONFIG["laptop"].images
    assert images.recipe(PANEL["sn_gd"], 1).lr_d == images.recipe(PANEL["sn_gd"], 1).lr_g
    assert images.recipe(PANEL["ttur"], 1).lr_d == 2 * images.recipe(PANEL["ttur"], 1).lr_g


def test_resume_after_a_cut_is_bit_identical(tmp_path):
    straight, _ = toy_train(toy_run(tmp_path / "a"))

    class Cut(Exception):
        pass

    def cut(pair):
        raise Cut

    with pytest.raises(Cut):
        toy_train(toy_run(tmp_path / "b"), watch=cut, every=4)
    torch.manual_seed(99)  # whatever happened in between
    resumed, task = toy_train(toy_run(tmp_path / "b"))
    assert [h["step"] for h in task.history] == list(range(6))
    assert same(state(straight), state(resumed))


def nan_after(steps):
    calls = []

    def step(*args):
        calls.append(0)
        loss = d_step(*args)
        return loss * float("nan") if len(calls) > steps else loss

    d_step = loop.d_step
    return step


@pytest.mark.parametrize(("good", "kept"), [(6, 3), (0, 0)])
def test_a_diverged_arm_comes_back_to_its_last_good_state(tmp_path, monkeypatch, good, kept):
    monkeypatch.setattr(loop, "d_step", nan_after(good))
    pair, task = toy_train(toy_run(tmp_path))
    saved = task.checkpoints.load()
    assert saved["step"] == kept
    assert f"step {kept}" in pair.diverged
    assert same(state(pair), saved["objects"])
    assert pair.ema.t == kept
    monkeypatch.undo()
    monkeypatch.setattr(loop, "d_step", nan_after(0))  # the same fate when it is run again
    again, _ = toy_train(toy_run(tmp_path))
    assert again.diverged


@pytest.fixture(scope="module")
def toy_record(tmp_path_factory):
    laptop = CONFIG["laptop"]
    toy = Config(
        images=replace(
            laptop.images, arms=(("attention", 4), ("ttur", 4), ("local", 2), ("sn_d", 2)),
            batch=16, every=2, n_curve=50, n_final=60,
        ),
        twins=replace(
            laptop.twins, arms=(("attention", 2), ("none", 2), ("local", 2)), n=50, n_curve=20,
            every=2,
        ),
    )  # fmt: skip
    experiment = replace(EXPERIMENT, config={"laptop": toy})
    return Run(experiment, "laptop", out=tmp_path_factory.mktemp("run")).execute()


def test_the_whole_experiment_runs(toy_record):
    assert toy_record["complete"]
    measured = {k for k, m in toy_record["metrics"].items() if m["mean"] is not None}
    assert measured >= {
        "digits_first", "digits_attention", "digits_live_ttur", "digits_rise_sn_d", "gamma_g",
        "twins_attention", "two_none", "gap_none", "gap_local", "wins",
        "digits_ratio_none", "digits_ratio_local",
    }  # fmt: skip
    assert not any(name.startswith("cifar") for name in measured)


def test_the_record_has_curves_protocols_and_rates(toy_record):
    scores = record.note(toy_record, "attention", "scores")
    assert "60 samples (EMA weights, standing statistics) vs MNIST" in scores["protocol"]
    protocols = record.note(toy_record, "attention", "protocols")
    assert list(protocols) == ["live", "EMA", "EMA weights, standing statistics"]
    assert protocols["EMA weights, standing statistics"] == pytest.approx(scores["frechet"])
    curve = next(h for h in toy_record["history"] if h["task"] == "attention")["points"]
    assert [p["step"] for p in curve if "live" in p] == [1, 3]
    rates = record.notes(toy_record, "images per second")
    assert set(rates) == {"twins-attention", "twins-none", "twins-local", "attention", "ttur",
                          "local", "sn_d"}  # fmt: skip
    assert min(rates.values()) > 0


def test_an_arm_that_diverges_is_recorded_and_the_others_go_on(tmp_path, monkeypatch):
    monkeypatch.setattr(loop, "d_step", nan_after(2))  # the first arm's third step fails, and on
    laptop = CONFIG["laptop"]
    toy = Config(
        images=replace(laptop.images, arms=(("sn_d", 3),), every=2, n_curve=20, n_final=30),
        twins=replace(laptop.twins, arms=(("none", 4), ("local", 4)), n=50, n_curve=20),
    )
    experiment = replace(EXPERIMENT, config={"laptop": toy})
    found = Run(experiment, "laptop", out=tmp_path).execute()
    assert found["complete"]
    assert set(record.notes(found, "diverged")) == {"twins-none", "twins-local", "sn_d"}
    assert any("diverged" in memo for memo in found["provenance"]["memos"])


def test_colour_features_are_trained_first_and_serve_every_arm(tmp_path, monkeypatch):
    from cvlib.chapters.self_attention_gan import experiment as e

    x = torch.randint(0, 256, (60, 3, 32, 32), dtype=torch.uint8)
    labelled = (x, torch.arange(60) % 10)
    monkeypatch.setattr(e, "load_images", lambda name, device: (labelled, "sixty images"))
    workshop = CONFIG["workshop"]
    toy = Config(
        images=replace(
            workshop.images, preset="sagan32_narrow", arms=(("attention", 1),), batch=4, every=1,
            n_curve=8, n_final=8, feature_epochs=1,
        ),
        twins=replace(workshop.twins, arms=(), n=20),
    )  # fmt: skip
    plan = replace(EXPERIMENT, config={"workshop": toy}).plan("workshop")
    assert [u.name for u in plan] == ["shipped-twins", "features", "attention"]
    assert not any("shipped" in u.name for u in EXPERIMENT.plan("laptop"))
    assert plan[-1].after == ("features",)
    bare = tuple(replace(unit, needs=()) for unit in plan[1:])
    experiment = replace(EXPERIMENT, config={"workshop": toy}, units=lambda config: bare)
    monkeypatch.setattr("cvlib.course.run.identity.code_hash", lambda units: "toy")
    found = Run(experiment, "workshop", out=tmp_path).execute()
    assert found["metrics"]["cifar_attention"]["mean"] > 0
    assert "ColorFeatureNet" in record.note(found, "attention", "scores")["protocol"]


def test_the_shipped_seed_is_the_median_and_its_record_says_so():
    assert shipped.median_seed({0: 0.1, 1: 0.3, 2: 0.2}) == 2
    assert shipped.median_seed({0: 0.1, 1: 0.3, 2: 0.2, 3: 0.4}) == 2
    assert set(shipped.twins()) == {"attention", "none"}


def test_shipped_digits_still_score_as_recorded():
    images, label = load_images("mnist5k", torch.device("cpu"))
    evaluator = GenerativeEvaluator(SmallFeatureNet.pretrained(), images[0], label)
    distance = evaluator.frechet(samples(shipped.digits()["ema"], 1000, seed=1))
    recorded = shipped.record(shipped.DIGITS)["protocols"]
    assert distance == pytest.approx(recorded["EMA"], rel=0.05)  # half precision
