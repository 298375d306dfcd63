"""Videos as files: mp4 through ffmpeg, animated WebP without it, folders of pictures.

Whatever is written says that it is synthetic: in the file's metadata always, and by a small "AI"
in the corner of every frame.
"""

from __future__ import annotations

import base64
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from itertools import islice, pairwise
from pathlib import Path

import numpy as np
import torch
from PIL import Image, UnidentifiedImageError
from torch import Tensor

from cvlib.course.errors import CourseError

PROVENANCE = "synthetic video, made by a neural network (ten-papers-2018)"
LETTERS = (
    "###########",
    "#...##...##",
    "#.#.###.###",
    "#...###.###",
    "#.#.###.###",
    "#.#.##...##",
    "###########",
)  # "AI": dots are white
PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp")
ANIMATIONS = (".webp", ".gif")
EMBEDDED = 2_000_000  # bytes; larger files do not belong into a page


def corner_mark(video: Tensor) -> Tensor:
    """The video (T, 3, H, W) with "AI" in the lower right corner of every frame."""
    dots = torch.tensor([[1.0 if c == "." else -1.0 for c in row] for row in LETTERS])
    scale = max(1, video.shape[-2] // 64)
    stamp = dots.repeat_interleave(scale, 0).repeat_interleave(scale, 1)
    height, width = stamp.shape
    if height > video.shape[-2] or width > video.shape[-1]:
        raise CourseError(
            f"frames of {video.shape[-2]} x {video.shape[-1]} px are too small for the mark"
        )
    marked = video.clone()
    marked[..., -height:, -width:] = stamp.to(video)
    return marked


def write_video(path: Path | str, video: Tensor, fps: float = 10, mark: bool = True) -> Path:
    """Write a video (T, 3, H, W) in [-1, 1]: `.mp4` (H.264) or an animated `.webp`.

    An mp4 needs ffmpeg and has even sides: odd ones get their border twice. `mark` draws
    the corner mark, for pictures of people and streets that a viewer could take for real.
    """
    path = Path(path)
    if video.ndim != 4 or video.shape[1] != 3 or len(video) == 0:
        raise CourseError(f"a video (T, 3, H, W) is written, not {tuple(video.shape)}")
    frames = to_bytes(corner_mark(video) if mark else video)  # (T, H, W, 3)
    if path.suffix == ".mp4":
        _write_mp4(path, frames, fps)
    elif path.suffix == ".webp":
        _write_webp(path, frames, fps)
    else:
        raise CourseError(f"{path.name} can be written as .mp4 or as .webp, not {path.suffix}")
    return path


def read_frames(
    path: Path | str, size: tuple[int, int] | None = None, limit: int | None = None
) -> Tensor:
    """The frames (T, 3, H, W) in [-1, 1] of a video file, an animation or a folder of pictures.

    `size` (H, W) cuts the middle out in that shape and resizes it; `limit` is the most frames.
    Pictures of a folder are sorted by the numbers in their names. A variable frame rate is made
    constant. CourseError for what is missing, unreadable or of several sizes.
    """
    path = Path(path)
    if not path.exists():
        raise CourseError(f"there is no video {path.name}: give a file or a folder of pictures")
    frames = [_fitted(frame, size) for frame in islice(_images(path), limit)]
    if not frames:
        raise CourseError(f"{path.name} holds no frames")
    sizes = sorted({frame.size for frame in frames})
    if len(sizes) > 1:
        raise CourseError(f"the frames of {path.name} have several sizes {sizes}: give `size`")
    stacked = torch.from_numpy(np.stack([np.asarray(frame) for frame in frames]))
    return (stacked.permute(0, 3, 1, 2).float() / 127.5 - 1).contiguous()


def says_synthetic(path: Path | str) -> bool:
    """Whether a file carries this course's note that it is synthetic."""
    return PROVENANCE.encode() in Path(path).read_bytes()


def html_video(path: Path | str, alt: str) -> str:
    """HTML that shows an mp4 or an animation, embedded; `alt` says what is to be seen.

    CourseError above 2 MB: a page stays small.
    """
    path = Path(path)
    data = path.read_bytes()
    if len(data) > EMBEDDED:
        raise CourseError(
            f"{path.name} has {len(data) / 1e6:.1f} MB, a page embeds at most 2: shorten it"
        )
    kind = "video/mp4" if path.suffix == ".mp4" else f"image/{path.suffix[1:]}"
    source = f"data:{kind};base64,{base64.b64encode(data).decode()}"
    if path.suffix == ".mp4":
        return f'<video loop muted autoplay playsinline src="{source}" aria-label="{alt}"></video>'
    return f'<img src="{source}" alt="{alt}">'


def to_bytes(video: Tensor) -> np.ndarray:
    """Frames (T, 3, H, W) in [-1, 1] as uint8 (T, H, W, 3)."""
    scaled = ((video.detach().cpu().float() + 1) * 127.5).round().clamp(0, 255)
    return scaled.byte().permute(0, 2, 3, 1).contiguous().numpy()


def _ffmpeg() -> str:
    """The ffmpeg program of the machine, else the one that imageio-ffmpeg brings along."""
    if found := shutil.which("ffmpeg"):
        return found
    try:
        import imageio_ffmpeg
    except ModuleNotFoundError:
        raise CourseError(
            "mp4 files need ffmpeg: pip install imageio-ffmpeg, or use an animated .webp or a "
            "folder of pictures"
        ) from None
    return imageio_ffmpeg.get_ffmpeg_exe()


def _write_mp4(path: Path, frames: np.ndarray, fps: float) -> None:
    height, width = frames.shape[1:3]
    even = np.pad(frames, ((0, 0), (0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    size = f"{even.shape[2]}x{even.shape[1]}"
    source = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", size, "-r", str(fps), "-i", "-"]
    coding = ["-c:v", "libx264", "-pix_fmt", "yuv420p", "-crf", "18", "-movflags", "+faststart"]
    note = ["-metadata", f"comment={PROVENANCE}"]

    command = [_ffmpeg(), "-y", "-loglevel", "error", *source, *coding, *note, str(path)]
    done = subprocess.run(command, input=even.tobytes(), stderr=subprocess.PIPE)
    if done.returncode:
        raise CourseError(f"{path.name} could not be written ({_last_line(done.stderr)})")


def _write_webp(path: Path, frames: np.ndarray, fps: float) -> None:
    first, *rest = [Image.fromarray(frame) for frame in frames]
    first.save(
        path, save_all=True, append_images=rest, duration=round(1000 / fps), loop=0, quality=90,
        xmp=PROVENANCE.encode(),
    )  # fmt: skip


def _images(path: Path) -> Iterator[Image.Image]:
    """The frames of whatever `path` is."""
    try:
        if path.is_dir():
            for file in _numbered(path):
                yield from _pillow(file)
        elif path.suffix in ANIMATIONS:
            yield from _pillow(path)
        else:
            yield from _movie(path)
    except (UnidentifiedImageError, OSError) as error:
        raise CourseError(f"{path.name} cannot be read as a video ({error})") from error


def _pillow(path: Path) -> Iterator[Image.Image]:
    """The one or more frames of a file that Pillow reads."""
    with Image.open(path) as film:
        for number in range(getattr(film, "n_frames", 1)):
            film.seek(number)
            yield film.convert("RGB")


def _movie(path: Path) -> Iterator[Image.Image]:
    """The frames of a file that ffmpeg reads, one at a time however long it is."""
    sink = ["-f", "image2pipe", "-c:v", "ppm", "-"]  # each frame says its size, then its bytes
    command = [_ffmpeg(), "-loglevel", "error", "-i", str(path), *sink]
    with (
        tempfile.TemporaryFile() as complaints,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=complaints) as process,
    ):
        assert process.stdout is not None
        while process.stdout.readline() == b"P6\n":
            width, height = map(int, process.stdout.readline().split())
            process.stdout.readline()  # the largest value, 255
            yield Image.frombytes("RGB", (width, height), process.stdout.read(3 * width * height))
        if process.wait():
            complaints.seek(0)
            raise OSError(_last_line(complaints.read()))


def _last_line(text: bytes) -> str:
    lines = text.decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else "ffmpeg gave no reason"


def _numbered(folder: Path) -> Sequence[Path]:
    """The pictures of a folder by the last number in their names; CourseError for a gap."""
    files = [file for file in folder.iterdir() if file.suffix.lower() in PICTURES]
    numbers = {file: [int(n) for n in re.findall(r"\d+", file.stem)] for file in files}
    files.sort(key=lambda file: (numbers[file], file.name))
    last = [numbers[file][-1] for file in files if numbers[file]]
    steps = [(a, b - a) for a, b in pairwise(last)]
    usual = min((step for _, step in steps if step > 0), default=1)
    for number, step in steps:
        if step > usual:
            raise CourseError(f"{folder.name}: the frame after number {number} is missing")
    return files


def _fitted(frame: Image.Image, size: tuple[int, int] | None) -> Image.Image:
    """The middle of a frame in the shape of `size` (H, W), resized to it."""
    if size is None:
        return frame
    height, width = size
    scale = min(frame.width / width, frame.height / height)
    cut_x = (frame.width - scale * width) / 2
    cut_y = (frame.height - scale * height) / 2
    box = (cut_x, cut_y, frame.width - cut_x, frame.height - cut_y)
    return frame.resize((width, height), Image.Resampling.BICUBIC, box=box)
