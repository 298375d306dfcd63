import re
import socket
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from cvlib.course import paths
from cvlib.course.data import locate, registry
from tests.course.data import making


@pytest.fixture(autouse=True)
def _no_network_and_no_traces(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))

    def refused(*args, **kwargs):
        raise AssertionError("a test of the data layer opened a network connection")

    monkeypatch.setattr(socket.socket, "connect", refused)
    monkeypatch.setattr(socket, "create_connection", refused)


@dataclass
class Shelf:
    """Three data folders, a registry, and a pretended internet: url -> content or failure."""

    samples: Path
    given: Path
    cache: Path
    registry: Path
    internet: dict[str, bytes | BaseException] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def register(self, text: str) -> None:
        self.registry.write_text(text)
        registry._read.cache_clear()

    def download(self, url, part, most) -> None:
        self.asked.append(url)
        content = self.internet.get(url, locate.MirrorFailed("404 Not Found"))
        if isinstance(content, BaseException):
            part.write_bytes(b"half of")
            raise content
        part.write_bytes(content)

    def leftovers(self) -> list[str]:
        folders = (self.samples, self.given, self.cache)
        return [p.name for f in folders for p in f.rglob("*") if p.name.startswith(".")]


@pytest.fixture
def shelf(tmp_path, monkeypatch) -> Shelf:
    cache = tmp_path / "home" / "ten-papers-2018"
    made = Shelf(tmp_path / "samples", tmp_path / "given", cache, tmp_path / "registry.toml")
    for folder in (made.samples, made.given, made.cache):
        folder.mkdir(parents=True)
    monkeypatch.setenv("CVLIB_DATA", str(made.given))
    monkeypatch.delenv("CVLIB_OFFLINE", raising=False)
    monkeypatch.setattr(paths, "SAMPLES", made.samples)
    monkeypatch.setattr(registry, "REGISTRY", made.registry)
    monkeypatch.setattr(locate, "download", made.download)
    yield made
    registry._read.cache_clear()


@pytest.fixture
def toy(shelf) -> Shelf:
    """One file, with a published checksum and two mirrors."""
    known = f'bytes = {len(making.GOOD)}\nchecksum = "sha256:{making.SHA}"'
    shelf.register(making.REGISTRY.replace("CHECKSUM", known))
    return shelf


@pytest.fixture
def unconfirmed(shelf) -> Shelf:
    """The same file, of which nobody published a checksum."""
    shelf.register(making.REGISTRY.replace("CHECKSUM", ""))
    return shelf


@pytest.fixture
def course(shelf) -> Shelf:
    """The course's own registry without sums and sizes, so that small files can play the sets."""
    text = (paths.ROOT / "data" / "registry.toml").read_text()
    text = re.sub(r"^(checksum|bytes|least|most) = .*\n", "", text, flags=re.MULTILINE)
    shelf.register(re.sub(r', (checksum|bytes|least|most) = ("[^"]*"|[\d_]+)', "", text))
    return shelf
