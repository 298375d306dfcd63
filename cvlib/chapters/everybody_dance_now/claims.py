"""What chapter 09 measures, the paper's values, and the rules that judge: fixed before any run.

`MUST_NOT_PASS` names for each claim a baseline, numbers that a trivial method would give; the tests
hold every rule against its baseline.
"""

from __future__ import annotations

from cvlib.course.run.experiment import Claim, Metric, PaperValue

PERSON = "cvlib.metrics.person"
COHERENCE = "cvlib.dance.coherence, along the renderer's true flow, visible pixels of the person"
PLACE = "cvlib.dance.placing on exact keypoints; truth: the target's body in the source's dance"
ARMS = {"fbf": "frame by frame", "ts": "temporal smoothing", "vid": "vid2vid"}


def _ssim(title: str, headline: bool = True) -> Metric:
    return Metric(f"SSIM, {title}", "", f"{PERSON}.box_ssim, window 11", headline)


def _pixels(title: str, how: str, headline: bool = True) -> Metric:
    return Metric(title, "px", how, headline)


METRICS = {
    **{f"ssim_{arm}": _ssim(f"body, {name}") for arm, name in ARMS.items()},
    **{f"psnr_{arm}": Metric(f"PSNR on the person, {name}", "dB", f"{PERSON}.masked_psnr", False)
       for arm, name in ARMS.items()},
    **{f"tde_{arm}": Metric(f"temporal difference error, {name}", "", COHERENCE)
       for arm, name in ARMS.items()},
    **{f"warp_{arm}": Metric(f"warp error, {name}", "", COHERENCE, False)
       for arm, name in ARMS.items()},
    **{f"pose_{arm}": _pixels(f"body pose distance, {name}",
                              "own pose reader on the output, to the input pose")
       for arm, name in ARMS.items()},
    "pose_real": _pixels("body pose distance, real frames",
                         "the same reader: what it cannot read better", False),
    "warp_real": Metric("warp error, real frames", "", COHERENCE, False),
    "tde_still": Metric("temporal difference error, a still picture", "", COHERENCE, False),
    "ssim_still": _ssim("body, a still picture", False),
    "tde_gain": Metric("temporal difference error, smoothing over frame by frame", "x", COHERENCE),
    "ssim_gain": Metric("SSIM of the body, smoothing minus frame by frame", "", PERSON),
    "pose_ratio": Metric("body pose distance, smoothing over frame by frame", "x",
                         "own pose reader"),
    "vid_tde": Metric("temporal difference error, vid2vid over smoothing", "x", COHERENCE),
    "vid_ssim": Metric("SSIM of the body, vid2vid minus smoothing", "", PERSON),
    "face_main": _ssim("face, main generator"),
    "face_residual": _ssim("face, with the face residual"),
    "face_longer": _ssim("face, main generator trained as many steps longer"),
    "face_gain": Metric("SSIM of the face, residual minus none", "", PERSON),
    "face_outside": Metric("largest change outside the face box", "", "max |difference|", False),
    "keypoints_raw": _pixels("joint error, raw pose", PLACE),
    "keypoints_normalized": _pixels("joint error, normalised pose", PLACE),
    "keypoints_pivot": _pixels("joint error, pivot of the first frame", PLACE, False),
    "ankles_raw": _pixels("ankle error, raw pose", PLACE, False),
    "ankles_normalized": _pixels("ankle error, normalised pose", PLACE, False),
    "pivot_miss": _pixels("foot line missed at most, pivot of the first frame", PLACE, False),
    "transfer_raw": Metric("PSNR to the rendered truth, raw pose", "dB",
                           f"{PERSON}.masked_psnr on both persons' pixels"),
    "transfer_normalized": Metric("PSNR to the rendered truth, normalised pose", "dB",
                                  f"{PERSON}.masked_psnr on both persons' pixels"),
    "overlap_raw": Metric("overlap with the true person, raw pose", "", f"{PERSON}.mask_overlap"),
    "overlap_normalized": Metric("overlap with the true person, normalised pose", "",
                                 f"{PERSON}.mask_overlap"),
    "overlap_real": Metric("overlap of the rendered truth with the person, as measured", "",
                           f"{PERSON}.mask_overlap", False),
    "copying": Metric("distance to the true frame over that to the nearest training frame", "x",
                      "root mean square, temporal smoothing", False),
    **{f"jitter_error_{s}{kind}": _pixels(f"joint error at {s} px of noise{title}",
                                          "mean distance to the exact track", s == 2)
       for s in (1, 2) for kind, title in (("", ""), ("_smooth", ", smoothed"))},
    "jitter_error_2_median": _pixels("joint error at 2 px of noise, median of 7",
                                     "mean distance to the exact track", False),
    "shake_true": _pixels("acceleration, exact track", "mean |second difference|", False),
    "shake_2": _pixels("acceleration at 2 px of noise", "mean |second difference|", False),
    "shake_2_smooth": _pixels("acceleration at 2 px of noise, smoothed",
                              "mean |second difference|", False),
    **{f"noise_tde_{s}{kind}": Metric(f"temporal difference error at {s} px of noise{title}", "",
                                      COHERENCE, s == 2)
       for s in (1, 2) for kind, title in (("", ""), ("_smooth", ", smoothed"))},
    **{f"noise_ssim_{s}{kind}": _ssim(f"body at {s} px of noise{title}", False)
       for s in (1, 2) for kind, title in (("", ""), ("_smooth", ", smoothed"))},
    "auc_clean": Metric("detector, held-out dance", "AUC", "cvlib.dance.forensics.detector_auc"),
    "auc_compressed": Metric("the same after compression", "AUC",
                             "JPEG 30 at half size, cvlib.dance.forensics.compressed"),
    "auc_hardened": Metric("trained on compressed pairs, after compression", "AUC",
                           "JPEG 30 at half size", False),
}  # fmt: skip

# What each unit of the experiment measures.
POSES = (
    "keypoints_raw", "keypoints_normalized", "keypoints_pivot", "ankles_raw", "ankles_normalized",
    "pivot_miss", "jitter_error_1", "jitter_error_1_smooth", "jitter_error_2",
    "jitter_error_2_smooth", "jitter_error_2_median", "shake_true", "shake_2", "shake_2_smooth",
)  # fmt: skip
OF_REAL = ("pose_real", "warp_real", "tde_still", "ssim_still")
OF_ARM = {
    "fbf": ("ssim_fbf", "psnr_fbf", "tde_fbf", "warp_fbf", "pose_fbf"),
    "ts": ("ssim_ts", "psnr_ts", "tde_ts", "warp_ts", "pose_ts", "copying"),
    "vid": ("ssim_vid", "psnr_vid", "tde_vid", "warp_vid", "pose_vid"),
}
TRANSFER = (
    "transfer_raw",
    "transfer_normalized",
    "overlap_raw",
    "overlap_normalized",
    "overlap_real",
    *(name for name in METRICS if name.startswith("noise_")),
)
FACE = ("face_main", "face_residual", "face_outside")
AUC = ("auc_clean", "auc_compressed", "auc_hardened")

_FRAMES = "512 px frames of real dancers"
_NOTES = "a transcription of version 1, arXiv 1808.07371"
PAPER = {
    "ssim_fbf": PaperValue(0.89564, "Table 1 (v1)", _FRAMES, checked=False, source=_NOTES),
    "ssim_ts": PaperValue(0.89597, "Table 1 (v1)", _FRAMES, checked=False, source=_NOTES),
    "ssim_gain": PaperValue(0.00033, "Table 1 (v1)", _FRAMES, checked=False, source=_NOTES),
    "pose_ratio": PaperValue(1.1007, "Table 3 (v1), 2.63446 / 2.39352", _FRAMES, checked=False,
                             source=_NOTES),
    "face_main": PaperValue(0.8177, "Table 2 (v1)", _FRAMES, checked=False, source=_NOTES),
    "face_residual": PaperValue(0.83046, "Table 2 (v1)", _FRAMES, checked=False, source=_NOTES),
    "face_gain": PaperValue(0.01276, "Table 2 (v1)", _FRAMES, checked=False, source=_NOTES),
}  # fmt: skip

DERIVED = {
    "tde_gain": "tde_ts / tde_fbf",
    "ssim_gain": "ssim_ts - ssim_fbf",
    "pose_ratio": "pose_ts / pose_fbf",
    "vid_tde": "tde_vid / tde_ts",
    "vid_ssim": "ssim_vid - ssim_ts",
    "face_gain": "face_residual - face_main",
}

CLAIMS = (
    Claim(
        "temporal smoothing makes the video more coherent at equal quality of frames",
        holds="tde_gain <= 0.9 and ssim_gain >= -0.01",
        direction="tde_gain <= 0.95 and ssim_gain >= -0.01",
        contradicted="tde_gain >= 1.05",
    ),
    Claim(
        "temporal smoothing makes the body pose worse (the paper's own negative result)",
        holds="pose_ratio >= 1.1",
        direction="pose_ratio >= 1.05",
        contradicted="pose_ratio <= 0.95",
    ),
    Claim(
        "(ours) vid2vid's flow makes it more coherent still, at equal quality of frames",
        holds="vid_tde <= 0.9 and vid_ssim >= -0.01",
        direction="vid_tde <= 0.95 and vid_ssim >= -0.01",
        contradicted="vid_tde >= 1.05",
    ),
    Claim(
        "the face residual improves the face and leaves the rest as it is",
        holds="face_gain >= 0.01 and face_outside <= 0",
        direction="face_gain > 0 and face_outside <= 0",
        contradicted="face_gain <= -0.01 or face_outside > 0",
    ),
    Claim(
        "(ours) the face residual is worth more than training the main generator longer",
        holds="face_residual >= face_longer + 0.01",
        direction="face_residual > face_longer",
        contradicted="face_residual <= face_longer - 0.01",
    ),
    Claim(
        "global normalisation puts the pose where the target's body would be",
        holds="keypoints_normalized <= 0.6 * keypoints_raw",
        direction="keypoints_normalized < keypoints_raw",
        contradicted="keypoints_normalized >= keypoints_raw",
    ),
    Claim(
        "and with it the picture of another body's dance",
        holds="transfer_normalized >= transfer_raw + 1 and overlap_normalized >= overlap_raw + 0.1",
        direction="transfer_normalized > transfer_raw and overlap_normalized > overlap_raw",
        contradicted="transfer_normalized < transfer_raw",
    ),
    Claim(
        "smoothing the keypoints removes jitter and keeps the dance",
        holds="shake_2_smooth <= 0.3 * shake_2 and jitter_error_2_smooth <= 0.7 * jitter_error_2",
        direction="shake_2_smooth < shake_2 and jitter_error_2_smooth < jitter_error_2",
        contradicted="jitter_error_2_smooth >= jitter_error_2",
    ),
    Claim(
        "and with it the flicker of the generated video",
        holds="noise_tde_2_smooth <= 0.9 * noise_tde_2",
        direction="noise_tde_2_smooth < noise_tde_2",
        contradicted="noise_tde_2_smooth >= 1.05 * noise_tde_2",
    ),
    Claim(
        "a detector tells generated pairs of frames, until they are compressed",
        holds="auc_clean >= 0.9 and auc_compressed <= auc_clean - 0.1",
        direction="auc_clean >= 0.75 and auc_compressed < auc_clean",
        contradicted="auc_clean <= 0.6",
    ),
)

MUST_NOT_PASS = (
    ("a still picture: no flicker at all, and no dance", {"tde_gain": 0.5, "ssim_gain": -0.3}),
    ("the same net twice", {"pose_ratio": 1.0}),
    ("the same net twice", {"vid_tde": 1.0, "vid_ssim": 0.0}),
    ("a residual of zero", {"face_gain": 0.0, "face_outside": 0.0}),
    ("the main generator, trained longer", {"face_residual": 0.8, "face_longer": 0.8}),
    ("the raw pose", {"keypoints_normalized": 4.0, "keypoints_raw": 4.0}),
    (
        "the raw pose",
        {"transfer_normalized": 18.0, "transfer_raw": 18.0,
         "overlap_normalized": 0.5, "overlap_raw": 0.5},
    ),
    (
        "a dancer frozen in the mean pose: no shake, and no dance",
        {"shake_2_smooth": 0.0, "shake_2": 6.0,
         "jitter_error_2_smooth": 5.0, "jitter_error_2": 2.5},
    ),
    ("no smoothing", {"noise_tde_2_smooth": 0.05, "noise_tde_2": 0.05}),
    ("a detector that guesses", {"auc_clean": 0.5, "auc_compressed": 0.5}),
)  # fmt: skip
