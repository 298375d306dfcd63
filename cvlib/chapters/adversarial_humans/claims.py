"""What chapter 02 measures and the rules that judge it: fixed before any recorded run.

No number of the paper's own measurements could be confirmed from a public source, so none stands
beside ours. `MUST_NOT_PASS` names for each claim a baseline, numbers that a trivial method would
give; the tests hold every rule against its baseline.
"""

from __future__ import annotations

from cvlib.adversarial.nets import NETS
from cvlib.chapters.adversarial_humans.config import VIEWERS
from cvlib.course.run.experiment import Claim, Metric, PaperValue

EPSILONS = (8, 16, 48)  # levels, beside the 32 of everything else
LOOKS = {1: "the first look", 7: "seven looks"}  # that are compared
SHOWN = ("image", "flip", "adv")  # to the stand-ins
GLIMPSED = (*(f"look{n}_{shown}" for shown in SHOWN for n in LOOKS), "brief_adv", "long_adv")
FALSE = ("false_target", "false_flip", "false_clean")
FURTHER = ("pairs_plain", *(f"{kind}{eps}_plain" for kind in ("eps", "noise") for eps in EPSILONS))

SUCCESS = "cvlib.adversarial.stimuli.score: the likeliest class is the target; 8-bit images"
CHOICE = "cvlib.adversarial.stimuli.score: forced choice between two coarse classes"
READ = "cvlib.chapters.adversarial_humans.train.accuracy, test images"
GLIMPSES = "cvlib.adversarial.observers.Glimpses on the held-out net"


def _success(title: str, headline: bool = True) -> Metric:
    return Metric(f"success, {title}", "%", SUCCESS, headline)


def _choice(title: str, headline: bool = True) -> Metric:
    return Metric(title, "%", CHOICE, headline)


ATTACKS = {
    "clean": "no attack",
    "single": "one net attacked",
    "ensemble": "three nets attacked",
    "aware": "three nets behind a retina attacked",
    "flip": "the perturbation upside down",
    "noise": "random signs of equal size",
}
TRANSFER = tuple(f"{attack}_{viewer}" for viewer in VIEWERS for attack in ATTACKS)
JUDGES = {"plain": "held-out net", "retina": "held-out net behind a retina"}
SHOWN_PHOTOS = ("single", "ensemble", "noise")  # in the scoreboard
HELD_PHOTOS = {"lite2": "cousin", "squeezenet": "stranger"}
PAIR = ("lite0", "lite1")  # attacked together; neither is ever held out
PHOTO_CURVES = tuple(
    f"{short}_{name}"
    for short in HELD_PHOTOS.values()
    for name in ("pair", *(f"{kind}{eps}" for eps in EPSILONS for kind in ("eps", "noise")))
)
# held-out network, viewer, attack -> metric
PHOTO_ROWS = {
    **{
        (held, "plain", attack): f"{short}_{attack}"
        for held, short in HELD_PHOTOS.items()
        for attack in ATTACKS
    },
    ("lite2", "retina", "ensemble"): "cousin_retina",
    ("lite2", "retina", "aware"): "cousin_through",
}

METRICS = {
    **{
        f"{attack}_{viewer}": _success(f"{JUDGES[viewer]}: {title}")
        for viewer in VIEWERS
        for attack, title in ATTACKS.items()
    },
    "gain_ensemble": Metric("gain of three nets over one, plain", "points", SUCCESS),
    "gain_retina": Metric("gain of the retina, viewer behind a retina", "points", SUCCESS),
    "pairs_plain": _success("held-out net: two nets attacked, mean of three pairs", False),
    **{
        f"{kind}{eps}_plain": _success(f"held-out net: {title}, {eps} levels", False)
        for kind, title in (("eps", "three nets attacked"), ("noise", "random signs"))
        for eps in EPSILONS
    },
    "false_target": _choice("false: target chosen, held-out net behind a retina"),
    "false_flip": _choice("false: target chosen, perturbation upside down"),
    "false_clean": _choice("false: target chosen, no perturbation", False),
    **{
        f"look{looks}_{shown}": Metric(f"{shown}: right at {said}", "%", GLIMPSES)
        for shown in SHOWN
        for looks, said in LOOKS.items()
    },
    "brief_adv": Metric("adv: right, accumulator, 63 ms", "%", "observers.Accumulator", False),
    "long_adv": Metric("adv: right, accumulator, 1 s", "%", "observers.Accumulator", False),
    **{
        f"{short}_{attack}": _choice(f"photos, {short} {held}: {title}", attack in SHOWN_PHOTOS)
        for held, short in HELD_PHOTOS.items()
        for attack, title in ATTACKS.items()
    },
    **{
        f"{short}_pair": _choice(f"photos, {short} {held}: lite0 and lite1 attacked", False)
        for held, short in HELD_PHOTOS.items()
    },
    **{
        f"{short}_{kind}{eps}": _choice(f"photos, {short} {held}: {title}, {eps} levels", False)
        for held, short in HELD_PHOTOS.items()
        for kind, title in (("eps", "three nets attacked"), ("noise", "random signs"))
        for eps in EPSILONS
    },
    "cousin_retina": _choice("photos, cousin lite2 behind a retina: three nets attacked"),
    "cousin_through": _choice(
        "photos, cousin lite2 behind a retina: three nets behind it attacked"
    ),
    **{
        f"accuracy_{name}_{viewer}": Metric(f"accuracy of {name}, {viewer}", "%", READ, False)
        for name in NETS
        for viewer in VIEWERS
    },
}

DERIVED = {
    "gain_ensemble": "ensemble_plain - single_plain",
    "gain_retina": "aware_retina - ensemble_retina",
}

PAPER: dict[str, PaperValue] = {}

DIFFERS = (
    "digits of 28 px and four small nets instead of ImageNet at 299 px and ten large ones; for 148 "
    "photographs, a third in each seed, four networks of which three are cousins; the retina's "
    "constants, steps and viewing distance are the course's; no people: their part is the page's "
    "own experiment, and stand-ins here"
)

CLAIMS = (
    Claim(
        "an attack on several networks transfers better to an unseen one than an attack on one",
        holds="gain_ensemble >= 10",
        direction="gain_ensemble > 2",
        contradicted="gain_ensemble < -2",
    ),
    Claim(
        "an attack that looks through a retina fools a viewer behind a retina more",
        holds="gain_retina >= 10",
        direction="gain_retina > 2",
        contradicted="gain_retina < -2",
    ),
    Claim(
        "it is the perturbation's content, not its size: flip and noise do not do it",
        holds="max(max(flip_plain, flip_retina), max(noise_plain, noise_retina)) <= 20"
        " and min(ensemble_plain, aware_retina) >= 40",
        direction="2 * max(flip_plain, noise_plain) <= ensemble_plain",
        contradicted="max(flip_plain, noise_plain) >= ensemble_plain",
    ),
    Claim(
        "(a stand-in for people) a digit of neither class is taken for the target, not for half",
        holds="false_target >= 60 and abs(false_flip - 50) <= 5",
        direction="false_target > 52 and false_target > false_flip",
        contradicted="false_target <= 50",
    ),
    Claim(
        "(ours) more looks from other places undo a part of the effect",
        holds="look7_adv >= look1_adv + 5 and look7_image >= look1_image - 2",
        direction="look7_adv > look1_adv",
        contradicted="look7_adv < look1_adv - 2",
    ),
    Claim(
        "photographs: it transfers to a cousin of the attacked networks",
        holds="cousin_ensemble >= cousin_single + 10 and cousin_ensemble >= cousin_noise + 20",
        direction="cousin_ensemble > cousin_single and cousin_ensemble > cousin_noise",
        contradicted="cousin_ensemble < cousin_noise",
    ),
    Claim(
        "photographs: it transfers to a network of another family",
        holds="stranger_ensemble >= stranger_noise + 20",
        direction="stranger_ensemble >= stranger_noise + 10",
        contradicted="stranger_ensemble <= stranger_noise",
    ),
)

MUST_NOT_PASS = (
    ("the same attack twice", {"gain_ensemble": 0.0}),
    ("the same attack twice", {"gain_retina": 0.0}),
    (
        "any disturbance of this size",
        {"flip_plain": 60.0, "flip_retina": 60.0, "noise_plain": 60.0, "noise_retina": 60.0,
         "ensemble_plain": 60.0, "aware_retina": 60.0},
    ),
    ("an observer who sees no perturbation", {"false_target": 50.0, "false_flip": 50.0}),
    (
        "the same look seven times",
        {"look1_adv": 20.0, "look7_adv": 20.0, "look1_image": 95.0, "look7_image": 95.0},
    ),
    (
        "any disturbance of this size",
        {"cousin_single": 20.0, "cousin_ensemble": 20.0, "cousin_noise": 20.0},
    ),
    ("any disturbance of this size", {"stranger_ensemble": 32.0, "stranger_noise": 32.0}),
)  # fmt: skip
