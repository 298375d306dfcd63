"""What is measured, what the paper reports, and the rules that judge: all fixed before any run.

Every rule can fail. `MUST_NOT_PASS` names for each claim a baseline, numbers that a wrong or a
trivial method would give; the tests hold every rule against its baseline.
"""

from __future__ import annotations

from cvlib.chapters.group_normalization.config import CONFIG, SIZES
from cvlib.course.run.experiment import Claim, Metric, PaperValue

ERROR = "cvlib.normalization.evaluate.error_rate, median over the last epochs"
IOU = "cvlib.metrics.segmentation.mean_iou, CamVid's 11 classes, test scenes"
FULL = CONFIG["full"].study
GROUPS = (32, 16, 8, 4, 2)  # of Table 3; a study's own number of groups is its `gn_error`
WIDTHS = (16, 4)  # channels per group, of the same table


def _error(title: str, *, headline: bool = False) -> Metric:
    return Metric(title, "%", ERROR, headline)


def _points(title: str, *, headline: bool = False) -> Metric:
    return Metric(title, "points", "difference of two rows, per seed", headline)


def _iou(title: str) -> Metric:
    return Metric(title, "%", IOU, headline=True)


METRICS = {
    # Protocol `fixed`: the SGD batch stays, the images that share statistics shrink.
    **{
        f"bn_error_{n}": _error(f"BN, {n} images/worker, same SGD batch", headline=True)
        for n in SIZES
    },
    "gn_error": _error("GN, any number of images/worker, same SGD batch", headline=True),
    "bn_loss": _points("BN, 2 minus 32 images/worker, same SGD batch", headline=True),
    "gn_minus_bn_32": _points("GN minus BN at 32 images/worker, same SGD batch", headline=True),
    "gn_minus_bn_2": _points("GN minus BN at 2 images/worker, same SGD batch", headline=True),
    # The paper's protocol: the SGD batch shrinks with N, and the learning rate with it.
    **{
        f"paper_{norm}_error_{n}": _error(f"{norm.upper()}, {n} images/worker, paper's protocol")
        for norm in ("bn", "gn")
        for n in FULL.paper_sizes
    },
    "paper_bn_loss": _points("BN, 2 minus 32 images/worker, paper's protocol", headline=True),
    "paper_gn_loss": _points("GN, 2 minus 32 images/worker, paper's protocol", headline=True),
    "paper_gn_minus_bn_2": _points(
        "GN minus BN at 2 images/worker, paper's protocol", headline=True
    ),
    # The other norms, and the number of groups: Tables 1 and 3.
    "ln_error": _error("LN (Table 1), any number of images/worker", headline=True),
    "in_error": _error("IN (Table 1), any number of images/worker", headline=True),
    **{f"groups_error_{g}": _error(f"GN, {g} groups") for g in GROUPS},
    **{f"channels_error_{k}": _error(f"GN, {k} channels/group") for k in WIDTHS},
    # One thing changed: the last stride, or the order of the images inside the SGD batch.
    "large_bn_error_32": _error("BN, 32 images/worker, last stride 1"),
    "large_bn_error_2": _error("BN, 2 images/worker, last stride 1"),
    "large_bn_loss": _points("BN, 2 minus 32 images/worker, last stride 1"),
    "sorted_bn_error_8": _error("BN, 8 images/worker, batch sorted by class"),
    "sorted_gn_error": _error("GN, batch sorted by class"),
    "sorted_bn_harm": _points("BN, 8 images/worker, sorted minus shuffled"),
    "sorted_gn_harm": _points("GN, sorted minus shuffled"),
    # Where batch norm's error comes from.
    **{
        f"bn_precise_error_{n}": _error(f"BN, {n} images/worker, exact training statistics")
        for n in (32, 2)
    },
    **{
        f"bn_batch_error_{n}": _error(f"BN, {n} images/worker, the test batch's statistics")
        for n in (32, 2)
    },
    # ResNet-50 on 64-pixel images.
    **{
        f"deep_bn_error_{n}": _error(f"ResNet-50, BN, {n} images/worker, same SGD batch")
        for n in CONFIG["full"].deep.sizes
    },
    "deep_gn_error": _error("ResNet-50, GN, same SGD batch"),
    "deep_ln_error": _error("ResNet-50, LN, same SGD batch"),
    "deep_in_error": _error("ResNet-50, IN, same SGD batch"),
    # Fine-tuned on street scenes with 2 images per worker.
    "transfer_frozen": _iou("mean IoU, BN* (frozen), 2 images/worker"),
    "transfer_bn": _iou("mean IoU, BN (trained on), 2 images/worker"),
    "transfer_gn": _iou("mean IoU, GN, 2 images/worker"),
    "transfer_converted": _iou("mean IoU, BN turned into GN, 2 images/worker"),
    "transfer_scratch": _iou("mean IoU, GN from scratch, 2 images/worker"),
    "transfer_decayed": _iou("mean IoU, GN with weight decay on gamma and beta"),
}

DERIVED = {
    "bn_loss": "bn_error_2 - bn_error_32",
    "gn_minus_bn_32": "gn_error - bn_error_32",
    "gn_minus_bn_2": "gn_error - bn_error_2",
    "paper_bn_loss": "paper_bn_error_2 - paper_bn_error_32",
    "paper_gn_loss": "paper_gn_error_2 - paper_gn_error_32",
    "paper_gn_minus_bn_2": "paper_gn_error_2 - paper_bn_error_2",
    "large_bn_loss": "large_bn_error_2 - large_bn_error_32",
    "sorted_bn_harm": "sorted_bn_error_8 - bn_error_8",
    "sorted_gn_harm": "sorted_gn_error - gn_error",
}

# Table 2: ImageNet error of ResNet-50 by images per worker. Table 1 is its first column, with the
# two other norms. Table 3: by groups, and by channels per group.
BN = {32: 23.6, 16: 23.7, 8: 24.8, 4: 27.3, 2: 34.7}
GN = {32: 24.1, 16: 24.2, 8: 24.0, 4: 24.2, 2: 24.1}
TABLE_1 = {"BN": 23.6, "LN": 25.3, "IN": 28.4, "GN": 24.1}
BY_GROUPS = {64: 24.6, 32: 24.1, 16: 24.6, 8: 24.4, 4: 24.6, 2: 24.7, 1: 25.3}
BY_CHANNELS = {64: 24.4, 32: 24.5, 16: 24.2, 8: 24.3, 4: 24.8, 2: 25.6, 1: 28.4}
ONE_SOURCE = (64, 32, 8, 4)  # of BY_CHANNELS: read in one quotation only, not in the paper's text


def _paper(value: float, table: str, *, checked: bool = True) -> PaperValue:
    source = "the paper's text" if checked else "one re-implementation's notes"
    return PaperValue(value, table, "ResNet-50, ImageNet, top-1", checked, source)


PAPER = {
    **{f"paper_bn_error_{n}": _paper(BN[n], "Table 2") for n in FULL.paper_sizes},
    **{f"paper_gn_error_{n}": _paper(GN[n], "Table 2") for n in FULL.paper_sizes},
    "paper_bn_loss": _paper(11.1, "Table 2"),
    "paper_gn_loss": _paper(0.0, "Table 2"),
    "paper_gn_minus_bn_2": _paper(-10.6, "abstract"),
    "ln_error": _paper(25.3, "Table 1"),
    "in_error": _paper(28.4, "Table 1"),
    **{f"groups_error_{g}": _paper(BY_GROUPS[g], "Table 3") for g in GROUPS},
    **{
        f"channels_error_{k}": _paper(BY_CHANNELS[k], "Table 3", checked=k not in ONE_SOURCE)
        for k in WIDTHS
    },
}

# Tables 4 to 7 (COCO, box AP / mask AP) and 8 (Kinetics, 32 frames, top-1): the transfer.
# BN* and GN had 180k iterations unless the name says otherwise.
COCO = {
    "BN* (frozen)": (38.6, 34.5),
    "GN": (40.3, 35.7),
    "GN, 270k iterations": (40.8, 36.1),
    "GN from scratch, 270k": (39.5, 35.2),
}
KINETICS = {"BN, 8 clips": 73.3, "BN, 4 clips": 72.1, "GN, 8 clips": 73.0, "GN, 4 clips": 72.8}

CLAIMS = (
    Claim(
        "batch norm loses at least 10 points from 32 to 2 images per worker",
        holds="bn_loss >= 10",
        direction="bn_loss >= 2",
        contradicted="bn_loss <= 0",
    ),
    Claim(
        "with 2 images per worker group norm is clearly better than batch norm",
        holds="gn_minus_bn_2 <= -5",
        direction="gn_minus_bn_2 <= -1",
        contradicted="gn_minus_bn_2 >= 1",
    ),
    Claim(
        "with 32 images per worker group norm is comparable to batch norm",
        holds="abs(gn_minus_bn_32) <= 1.5",
        direction="gn_minus_bn_32 <= 3",
        contradicted="gn_minus_bn_32 > 5",
    ),
    Claim(
        "in the paper's protocol group norm does not depend on the images per worker",
        holds="abs(paper_gn_loss) <= 1.5",
        direction="abs(paper_gn_loss) <= 0.3 * abs(paper_bn_loss)",
        contradicted="abs(paper_gn_loss) > 3",
    ),
    Claim(
        "in the paper's protocol fewer images per worker cost batch norm more than group norm",
        holds="paper_bn_loss - paper_gn_loss >= 10",
        direction="paper_bn_loss - paper_gn_loss >= 2",
        contradicted="paper_bn_loss - paper_gn_loss <= 0",
    ),
    Claim(
        "group norm is better than layer norm and instance norm",
        holds="ln_error - gn_error >= 1 and in_error - gn_error >= 1",
        direction="ln_error - gn_error > 0 and in_error - gn_error > 0",
        contradicted="ln_error - gn_error <= -1 or in_error - gn_error <= -1",
    ),
    Claim(
        "it is m that counts: with larger last maps batch norm loses less than half as much",
        holds="bn_loss >= 2 and large_bn_loss <= 0.5 * bn_loss",
        direction="bn_loss >= 2 and large_bn_loss <= 0.8 * bn_loss",
        contradicted="bn_loss >= 2 and large_bn_loss >= bn_loss",
    ),
    Claim(
        "it is not m alone: sorting the batch by class hurts batch norm and not group norm",
        holds="sorted_bn_harm >= 2 and abs(sorted_gn_harm) <= 1.5",
        direction="sorted_bn_harm >= 1 and sorted_gn_harm <= 0.5 * sorted_bn_harm",
        contradicted="sorted_bn_harm <= sorted_gn_harm",
    ),
    Claim(
        "fine-tuned with 2 images per worker, frozen batch norm is better than batch norm",
        holds="transfer_frozen - transfer_bn >= 1",
        direction="transfer_frozen - transfer_bn > 0",
        contradicted="transfer_frozen - transfer_bn <= -1",
    ),
    Claim(
        "what group norm learnt transfers: better than from scratch",
        holds="transfer_gn - transfer_scratch >= 1",
        direction="transfer_gn - transfer_scratch > 0",
        contradicted="transfer_gn - transfer_scratch <= 0",
    ),
    Claim(
        "fine-tuned with 2 images per worker, group norm is better than frozen batch norm",
        holds="transfer_gn - transfer_frozen >= 1",
        direction="transfer_gn - transfer_frozen > 0",
        contradicted="transfer_gn - transfer_frozen <= -1",
    ),
)

# For each claim, in its order: values that must not pass, and whose they are.
MUST_NOT_PASS = (
    ("group norm, which loses nothing", {"bn_loss": 0.0}),
    ("batch norm against itself", {"gn_minus_bn_2": 0.0}),
    ("instance norm in the paper's Table 1", {"gn_minus_bn_32": 28.4 - 23.6}),
    ("batch norm in the paper's Table 2", {"paper_gn_loss": 11.1, "paper_bn_loss": 11.1}),
    ("the same layer twice", {"paper_bn_loss": 11.1, "paper_gn_loss": 11.1}),
    ("layer norm in group norm's place", {"gn_error": 25.3, "ln_error": 25.3, "in_error": 28.4}),
    ("maps of the same size", {"bn_loss": 8.0, "large_bn_loss": 8.0}),
    ("a batch that hurts both", {"sorted_bn_harm": 5.0, "sorted_gn_harm": 5.0}),
    ("batch norm trained on", {"transfer_frozen": 28.0, "transfer_bn": 28.0}),
    ("a second training from scratch", {"transfer_gn": 23.0, "transfer_scratch": 23.0}),
    ("frozen batch norm itself", {"transfer_gn": 31.0, "transfer_frozen": 31.0}),
)
