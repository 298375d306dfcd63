"""Compile and load the device guard; must happen before torch is imported."""

import ctypes
import hashlib
import importlib.util
import shutil
import subprocess
import tempfile
from importlib import metadata
from pathlib import Path

SOURCE = Path(__file__).with_name("guard.cpp")


def reason_not_to() -> str:
    """Why the fake device cannot be had here; empty if it can."""
    if shutil.which("g++") is None:
        return "there is no C++ compiler (g++) to build the fake GPU with"
    if "+cu" in metadata.version("torch"):
        return "this build of torch has a real CUDA"
    return ""


def library() -> Path:
    """The compiled guard, built once for each version of torch and of its source."""
    mark = hashlib.sha256(SOURCE.read_bytes() + metadata.version("torch").encode()).hexdigest()
    target = Path(tempfile.gettempdir()) / f"cvlib-fakecuda-{mark[:12]}.so"
    if not target.is_file():
        torch = _torch_folder()
        include = torch / "include"
        built = target.with_name(f"{target.name}.{id(target)}")
        paths = [f"-I{include}", f"-I{include}/torch/csrc/api/include"]
        command = ["g++", "-O1", "-shared", "-fPIC", "-std=c++20", *paths, f"{SOURCE}"]
        command += ["-o", f"{built}"]
        subprocess.run(command, check=True, capture_output=True, text=True)
        built.replace(target)
    return target


def load() -> None:
    """Make the device known to the libraries of torch, before Python imports them."""
    for name in ("libc10.so", "libtorch_cpu.so"):
        ctypes.CDLL(str(_torch_folder() / "lib" / name), ctypes.RTLD_GLOBAL)
    ctypes.CDLL(str(library()), ctypes.RTLD_GLOBAL)


def _torch_folder() -> Path:
    return Path(importlib.util.find_spec("torch").origin).parent
