"""All sizes of chapter 05, by profile."""

from __future__ import annotations

from dataclasses import dataclass

SMALL = ("autoencode", "edge2d", "normal", "depth", "semantic", "vanishing")
# Ten targets, as in the abstract's example, and two tasks that are only sources.
TWELVE = (
    "autoencode", "denoise", "edge2d", "normal", "depth", "reshade", "edge3d", "semantic",
    "vanishing", "layout", "inpaint", "colorize",
)  # fmt: skip
SIXTEEN = (*TWELVE, "curvature", "distance", "keypoint2d", "keypoint3d")


@dataclass(frozen=True)
class Config:
    """Sizes of a profile; counts are pictures, every one with all labels."""

    size: int  # pixels
    widths: tuple[int, ...]  # of the encoder, one halving each
    tasks: tuple[str, ...]
    train: int  # full supervision
    transfer: int  # what a read-out, and the network from scratch, are trained on
    choose: int  # where tournaments are held
    judge: int  # where gain and quality are counted
    epochs: int  # of full supervision
    transfer_epochs: int  # of a read-out
    scratch_epochs: int  # of the network from scratch
    beam: int  # best sources whose pairs are tried
    third: int  # the budget of the headline, about a third of the targets
    batch: int = 32
    lr: float = 3e-3
    policies: int = 200  # random ones, for the band
    plenty: int = 0  # training pictures of the ablation's read-outs; 0: no ablation
    plenty_epochs: int = 0
    wide: tuple[str, ...] = ()  # targets whose read-outs are also trained four times as wide
    published: bool = True  # judge the authors' own measurements, too

    @property
    def counts(self) -> dict[str, int]:
        """Pictures of each split; read-outs are trained on the first ones of `transfer`."""
        return {
            "train": self.train, "transfer": max(self.transfer, self.plenty),
            "choose": self.choose, "judge": self.judge,
        }  # fmt: skip


CONFIG = {
    "smoke": Config(
        size=32, widths=(24, 48), tasks=SMALL, train=512, transfer=128, choose=128, judge=128,
        epochs=6, transfer_epochs=15, scratch_epochs=15, beam=2, third=2, published=False,
    ),
    # Full supervision has eight times the labels of a transfer (the paper: 7.5 times).
    "laptop": Config(
        size=32, widths=(24, 48), tasks=TWELVE, train=1024, transfer=128, choose=256,
        judge=256, epochs=10, transfer_epochs=25, scratch_epochs=30, beam=4, third=3,
        plenty=512, plenty_epochs=8, wide=("depth", "vanishing"),
    ),
    "workshop": Config(
        size=64, widths=(32, 64, 128), tasks=TWELVE, train=8192, transfer=1024, choose=512,
        judge=512, epochs=8, transfer_epochs=25, scratch_epochs=25, beam=5, third=3, batch=64,
        plenty=4096, plenty_epochs=6, wide=("depth", "vanishing"),
    ),
    "full": Config(
        size=64, widths=(32, 64, 128), tasks=SIXTEEN, train=16384, transfer=2048, choose=1024,
        judge=1024, epochs=12, transfer_epochs=30, scratch_epochs=30, beam=5, third=5, batch=64,
        plenty=8192, plenty_epochs=8, wide=("depth", "normal", "semantic", "vanishing"),
    ),
}  # fmt: skip
