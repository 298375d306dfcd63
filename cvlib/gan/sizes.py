"""The sizes of one pair of nets, and the pairs that the course trains."""

from dataclasses import dataclass, replace

from cvlib.course.errors import CourseError


@dataclass(frozen=True)
class GANConfig:
    """Sizes of one pair of nets.

    `g_mult` multiplies `g_width` at 4x4, 8x8, ... up to the image; `d_mult` multiplies `d_width` in
    D's blocks. `d_down` says which of them halve the map, by default all but the last, down to 4x4.
    `attention_g` and `attention_d` are the map heights at which a block of the kind `mixer`
    ("attention", or "local" for the parameter-matched control) stands. `shared_dim` and
    `hierarchical_z` are BigGAN's class vectors and noise per block. A net of one class is
    unconditional.
    """

    resolution: int
    g_mult: tuple[int, ...]
    d_mult: tuple[int, ...]
    g_width: int
    d_width: int
    channels: int = 3
    classes: int = 10
    z_dim: int = 128
    attention_g: tuple[int, ...] = ()
    attention_d: tuple[int, ...] = ()
    mixer: str = "attention"
    d_down: tuple[bool, ...] | None = None
    sn_g: bool = True
    sn_d: bool = True
    sn_embedding_d: bool = True
    shared_dim: int = 0
    hierarchical_z: bool = False
    init: str = "orthogonal"

    @property
    def d_halves(self) -> tuple[bool, ...]:
        """Which of D's blocks halve the map."""
        if self.d_down is not None:
            return self.d_down
        return (True,) * (len(self.d_mult) - 1) + (False,)

    @property
    def d_heights(self) -> tuple[int, ...]:
        """The heights of D's maps after each halving."""
        return tuple(self.resolution >> (i + 1) for i in range(sum(self.d_halves)))

    def __post_init__(self) -> None:
        """Refuse sizes that do not fit together (CourseError)."""
        if self.resolution < 8 or self.resolution & (self.resolution - 1):
            raise CourseError(f"the resolution must be 8, 16, 32, ..., not {self.resolution}")
        n = self.resolution.bit_length() - 2
        if len(self.g_mult) != n:
            raise CourseError(f"{self.resolution} px need {n} entries in g_mult: 4x4 first")
        if self.d_down is None and len(self.d_mult) != n:
            raise CourseError(f"{self.resolution} px need {n} entries in d_mult, or d_down")
        if len(self.d_halves) != len(self.d_mult) or self.resolution >> sum(self.d_halves) < 4:
            raise CourseError("d_down needs one flag per entry of d_mult, and a last map of 4x4")
        self._check_blocks({4 << i for i in range(n)})

    def _check_blocks(self, g_heights: set[int]) -> None:
        wrong = set(self.attention_g) - g_heights | set(self.attention_d) - set(self.d_heights)
        if wrong:
            raise CourseError(
                f"no map of height {min(wrong)} for attention in a net of {self.resolution} px: "
                f"G has {sorted(g_heights)}, D {sorted(self.d_heights)}"
            )
        if self.mixer not in ("attention", "local"):
            raise CourseError(f'the mixer must be "attention" or "local", not "{self.mixer}"')
        if self.classes < 1:
            raise CourseError("a net needs at least one class: classes=1 is unconditional")
        if self.hierarchical_z and (not self.shared_dim or self.z_dim % len(self.g_mult)):
            raise CourseError(
                "hierarchical_z needs shared_dim, and a z_dim that divides into "
                f"{len(self.g_mult)} chunks"
            )


TINY16 = GANConfig(
    resolution=16, g_mult=(3, 2, 1), d_mult=(1, 2, 3), g_width=16, d_width=16, channels=1,
    z_dim=32, attention_g=(8,), attention_d=(8,),
)  # fmt: skip
SAGAN32 = GANConfig(
    resolution=32, g_mult=(4,) * 4, d_mult=(4,) * 4, g_width=64, d_width=64,
    attention_g=(16,), attention_d=(16,),
)  # fmt: skip
PRESETS: dict[str, GANConfig] = {
    "tiny16": TINY16,  # smoke, laptop, twins
    "sagan32": SAGAN32,
    "sagan32_narrow": replace(SAGAN32, g_width=32, d_width=32),  # workshop, full
    "sagan128": GANConfig(  # the paper's ImageNet nets, for counting only
        resolution=128, g_mult=(16, 16, 8, 4, 2, 1), d_mult=(1, 2, 4, 8, 16, 16),
        g_width=64, d_width=64, classes=1000, attention_g=(32,), attention_d=(32,),
    ),
    "biggan128": GANConfig(  # the same of BigGAN
        resolution=128, g_mult=(16, 16, 8, 4, 2, 1), d_mult=(1, 2, 4, 8, 16, 16),
        g_width=96, d_width=96, classes=1000, z_dim=120, shared_dim=128, hierarchical_z=True,
        attention_g=(64,), attention_d=(64,), init="normal",
    ),
}  # fmt: skip
