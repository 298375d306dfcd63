"""What chapter 05 measures, what the paper states, and the rules, older than any recorded run."""

from __future__ import annotations

from cvlib.course.run.experiment import Claim, Metric, PaperValue

JUDGED = "cvlib.taskonomy.league: win rate on pictures that chose nothing, mean over the targets"
RANKED = "cvlib.taskonomy.league.mean_ranks: first-order affinity, 3D, semantic, geometric targets"
AUDITED = "cvlib.taskonomy.ledger: the authors' measured transfers, orders up to 4, 16k"
SPREAD = "standard deviation over sources of the log of a read-out's mean loss, mean over targets"

SHARE = 0.40  # of the labels: "roughly two thirds fewer", with the read-outs' labels counted in
NEARLY = 0.45  # quality: "nearly the same"; 0.5 is parity with full supervision

METRICS = {
    "third_quality": Metric("quality at about a third of the tasks", "", JUDGED),
    "third_gain": Metric("gain at about a third of the tasks", "", JUDGED),
    "band_quality": Metric("quality, 95th percentile of random policies", "", JUDGED),
    "band_gain": Metric("gain, 95th percentile of random policies", "", JUDGED),
    "mean_quality": Metric("quality, mean of random policies", "", JUDGED),
    "free_quality": Metric("quality from self-supervised sources alone", "", JUDGED),
    "normals_rank": Metric("mean rank of normals as a source (1 is best)", "", RANKED),
    "rival_rank": Metric("mean rank of the best other source", "", RANKED),
    "pixels_rank": Metric("mean rank of autoencoding as a source", "", RANKED, False),
    "random_rank": Metric("mean rank of the untrained encoder", "", RANKED),
    "ledger_labels": Metric(
        "labels used, of full supervision (rendered rooms)", "", "cvlib.taskonomy.policy"
    ),
    "ledger_quality": Metric("quality with these labels (rendered rooms)", "", JUDGED),
    "ledger_ratio": Metric(
        "loss with these labels, of full supervision's", "",
        "cvlib.taskonomy.league: ratio of mean losses, mean over the targets",
    ),
    "scratch_quality": Metric("quality of networks from scratch, transfer data only", "", JUDGED),
    "published_labels": Metric("labels used, of full supervision (authors' data)", "", AUDITED),
    "published_quality": Metric(
        "quality with these labels, random sets of ten tasks (authors' data)", "", AUDITED
    ),
    "published_best": Metric(
        "quality with these labels, a favourable set of ten (authors' data)", "", AUDITED
    ),
    "published_random": Metric(
        "quality of random policies, 8 of 26 tasks (authors' data)", "", AUDITED
    ),
    "agreement": Metric(
        "Spearman: our order of sources and the authors'", "",
        "scipy.stats.spearmanr per target, mean over the targets",
    ),
    "spread_little": Metric("how much the source matters, little transfer data", "%", SPREAD),
    "spread_plenty": Metric("how much the source matters, plenty of it", "%", SPREAD),
    "spread_narrow": Metric("how much the source matters, small read-outs", "%", SPREAD),
    "spread_wide": Metric("how much the source matters, read-outs 4x as wide", "%", SPREAD),
    "spread_floor": Metric("the same between two untrained encoders: noise", "%", SPREAD),
}  # fmt: skip

PAPER = {
    "ledger_labels": PaperValue(
        0.33, "abstract", "ten tasks, 'roughly 2/3' fewer labels", checked=True,
        source="taskonomy.stanford.edu",
    ),
    "published_labels": PaperValue(
        0.33, "abstract", "ten tasks, 'roughly 2/3' fewer labels", checked=True,
        source="taskonomy.stanford.edu",
    ),
}  # fmt: skip

CLAIMS = (
    Claim(
        "a taxonomy's policy beats random policies of the same budget, and cheap sources do not",
        holds="third_quality > band_quality and third_gain > band_gain "
        "and free_quality <= band_quality",
        direction="third_quality > mean_quality and third_quality > free_quality",
        contradicted="third_quality <= mean_quality",
    ),
    Claim(
        "surface normals are the best single teacher; an untrained encoder is none",
        holds="rival_rank - normals_rank >= 0.5 and random_rank - normals_rank >= 2",
        direction="normals_rank < rival_rank and random_rank > rival_rank",
        contradicted="normals_rank - rival_rank >= 1",
    ),
    Claim(
        "rendered rooms: about two thirds fewer labels solve the tasks nearly as well, while "
        "the transfer labels alone do not",
        holds=f"ledger_labels <= {SHARE} and ledger_quality >= {NEARLY} "
        f"and scratch_quality < {NEARLY}",
        direction=f"ledger_labels <= {SHARE} and ledger_quality >= {NEARLY - 0.05:.2f} "
        f"and scratch_quality < {NEARLY - 0.05:.2f}",
        contradicted="ledger_quality < 0.35",
    ),
    Claim(
        "the authors' measurements: about two thirds fewer labels solve ten tasks nearly as "
        "well, while random policies do not",
        holds=f"published_labels <= {SHARE} and published_quality >= {NEARLY} "
        f"and published_random < {NEARLY}",
        direction=f"published_labels <= {SHARE} and published_best >= {NEARLY} "
        f"and published_random < {NEARLY}",
        contradicted=f"published_best < {NEARLY}",
    ),
    Claim(
        "with little data and small read-outs the choice of the source matters more",
        holds="spread_little - spread_plenty > spread_floor "
        "and spread_narrow - spread_wide > spread_floor",
        direction="spread_little - spread_plenty > spread_floor",
        contradicted="spread_little < spread_plenty",
    ),
)
