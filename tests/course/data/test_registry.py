import re
import tomllib
from pathlib import PurePosixPath
from urllib.parse import urlparse

import pytest

from cvlib.course import paths
from cvlib.course.data import checksums, kinds, registry
from cvlib.course.errors import CourseError

FILES = [file for entry in registry.sets().values() for file in entry.files]
SUM = r"sha256:([0-9a-f]{64}|[0-9a-f]{8})|md5:[0-9a-f]{32}"
PROFILES = ("smoke", "laptop", "workshop", "full")
GITHUB = "github.com"
SHARED_DRIVES = ("drive.google", "docs.google", "dropbox", "onedrive", "1drv", "mega.nz", "kaggle")


@pytest.mark.parametrize("entry", registry.sets().values(), ids=lambda e: e.name)
def test_every_set_has_a_whole_card(entry):
    for text in (entry.title, entry.who, entry.licence, entry.people, entry.page):
        assert isinstance(text, str)
        assert text
    assert entry.chapters
    assert all(re.fullmatch("0[1-9]|10", chapter) for chapter in entry.chapters)
    assert {p for used in entry.chapters.values() for p in used} <= set(PROFILES)
    assert entry.files
    assert entry.by_hand or all(file.mirrors for file in entry.files)
    card = (paths.ROOT / "data" / "README.md").read_text()
    assert f"## {entry.title}" in card
    names = {re.sub(r"/\d\d-", "/NN-", file.name) for file in entry.files}
    assert [name for name in names if f"`{name}`" not in card] == []


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.name)
def test_every_file_has_a_sound_entry(file):
    parts = PurePosixPath(file.path).parts
    assert ".." not in parts
    assert not file.path.startswith("/")
    assert file.bytes is None or file.bytes > 0
    assert file.kind in kinds.FIRST_BYTES
    assert file.smallest <= file.largest < registry.DataFile.most, "no limit for its download"
    whole = file.checksum and len(file.checksum) > len("sha256:") + 8
    if not whole or file.bytes is None:
        assert file.least >= 10_000, "without a whole checksum and a size: the least size"
    assert re.fullmatch(SUM, file.checksum or "md5:" + 32 * "0")
    for url in file.mirrors:
        assert urlparse(url).scheme in ("https", "http")
        assert not any(drive in url for drive in SHARED_DRIVES)
    assert len(set(file.mirrors)) == len(file.mirrors)


def test_no_two_files_share_a_place():
    assert len({file.path for file in FILES}) == len(FILES)


def test_what_no_one_can_download_is_needed_by_no_profile_unless_it_ships():
    for entry in registry.sets().values():
        ships = all((paths.SAMPLES / file.path).is_file() for file in entry.files)
        if not ships and not all(file.mirrors for file in entry.files):
            assert not any(entry.chapters.values()), entry.name


def test_smoke_needs_only_what_ships():
    for chapter in range(1, 11):
        for entry in registry.needs(chapter, "smoke"):
            assert all((paths.SAMPLES / file.path).is_file() for file in entry.files)


def test_what_ships_is_what_the_registry_says():
    shipped = {file.path: file for file in FILES if (paths.SAMPLES / file.path).is_file()}
    found = {str(p.relative_to(paths.SAMPLES)) for p in paths.SAMPLES.rglob("*") if p.is_file()}
    assert found == set(shipped)
    for path, file in shipped.items():
        assert checksums.digest(paths.SAMPLES / path) == file.checksum
        assert (paths.SAMPLES / path).stat().st_size == file.bytes


def test_what_stands_in_for_what():
    assert registry.stand_in(registry.data_set("cifar10")).name == "cifar10-jpeg"
    assert registry.stand_in(registry.data_set("tinyimagenet")).name == "tinyimagenet20"
    assert registry.stand_in(registry.data_set("mnist")) is None
    for entry in registry.sets().values():
        assert entry.stands_in_for or entry.quality is None
        assert entry.stands_in_for is None or entry.stands_in_for in registry.sets()
        assert entry.quality is None or f"JPEG q{entry.quality} copy" in entry.title


def test_a_broken_registry_is_one_sentence(tmp_path, monkeypatch):
    broken = tmp_path / "registry.toml"
    for text in ("[toy", '[toy]\ntitle = "x"\nfiles = {}\nchapters = {}', "x = 1"):
        broken.write_text(text)
        registry._read.cache_clear()
        monkeypatch.setattr(registry, "REGISTRY", broken)
        with pytest.raises(CourseError, match="cannot be read"):
            registry.sets()
    registry._read.cache_clear()


def test_the_registry_is_the_only_place_that_knows_a_download():
    urls = [urlparse(url) for file in FILES for url in file.mirrors]
    # GitHub is also where the course lies: there the owner of the data counts.
    hosts = {
        u.netloc + (u.path[: u.path.index("/", 1)] if u.netloc == GITHUB else "") for u in urls
    }
    for source in (paths.ROOT / "cvlib").rglob("*.py"):
        text = source.read_text()
        assert not [host for host in hosts if host in text], source
    assert tomllib.loads((paths.ROOT / "data" / "registry.toml").read_text())
