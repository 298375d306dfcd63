"""`cvlib record`: killed at any moment, carried elsewhere, the same values and nothing lost."""

import contextlib
import json
import os
import random
import shutil
import signal
import time
from pathlib import Path

import pytest

from cvlib.course import atomic
from cvlib.course.chapters import Chapter, chapter
from cvlib.course.errors import CourseError
from cvlib.course.run import record
from cvlib.course.run.recording import pack, session, visit
from cvlib.course.run.recording.jobs import Estimates, all_jobs
from tests.course.run import toy_visit
from tests.course.run.toy_visit import planned

FOUR = chapter(4)


@pytest.fixture(autouse=True)
def quick(monkeypatch, tmp_path):
    """Workers that fork: the toy has no GPU, and importing torch takes seconds."""
    monkeypatch.setattr(session, "START", "fork")
    monkeypatch.setattr(session, "PACK_SECONDS", 0.2)
    monkeypatch.setattr(session, "SAVE_SECONDS", 0.05)
    monkeypatch.setenv("CVLIB_RUNS", str(tmp_path / "runs"))
    monkeypatch.setattr(Chapter, "recorded", property(lambda self: tmp_path / "recorded"))


def results(out, place):
    """Every packed result below `out`, without what differs from run to run."""
    shutil.rmtree(place, ignore_errors=True)
    pack.unpack(out, place)
    kept = ("seed", "unit", "status", "values", "notes", "history", "data", "config", "code")
    found = {}
    for path in sorted(place.rglob("units/*.json")):
        whole = json.loads(path.read_text())
        found[whole["seed"], whole["unit"]] = {key: whole[key] for key in kept}
    return found


@pytest.fixture(scope="module")
def whole_visit(tmp_path_factory):
    """The packed results of a visit that nothing disturbed."""
    folder = tmp_path_factory.mktemp("undisturbed")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(session, "START", "fork")
        patch.setenv("CVLIB_RUNS", str(folder / "runs"))
        complete, _ = visit.run(planned(folder / "out"))
    assert complete
    return folder / "out"


@pytest.fixture(scope="module")
def undisturbed(whole_visit):
    """What it measured."""
    return results(whole_visit, whole_visit.with_name("place"))


@pytest.fixture
def carried(whole_visit, tmp_path):
    """A copy of its packs, which a test may spoil."""
    return Path(shutil.copytree(whole_visit, tmp_path / "carried"))


def after(seconds):
    """Whether this many seconds have gone by since the call."""
    due = time.monotonic() + seconds
    return lambda: time.monotonic() > due


def killed_when(moment, *visit_options, **options):
    """A visit in a process group of its own, killed without a warning once `moment()` is true."""
    child = os.fork()
    if child == 0:
        os.setsid()
        try:
            visit.run(planned(*visit_options, **options))
        finally:
            os._exit(0)
    latest = time.monotonic() + 30
    while not moment() and time.monotonic() < latest:
        time.sleep(0.01)
    with contextlib.suppress(ProcessLookupError):  # it may have no group of its own yet
        os.killpg(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def test_killed_at_twenty_moments_and_unpacked_elsewhere_nothing_is_lost(
    tmp_path, monkeypatch, undisturbed
):
    monkeypatch.setenv("TOY_PAUSE", "0.04")  # on a fast machine too most moments are in the midst
    moments = random.Random(5)
    sources, before, kills = (), {}, 0
    for k in range(20):
        monkeypatch.setenv("CVLIB_RUNS", str(tmp_path / f"runs{k}"))  # another machine each time
        out = tmp_path / f"out{k}"
        kills += killed_when(
            after(moments.uniform(0.1, 0.8)), out, sources=sources, workers=k % 2 + 1
        )
        if any(out.glob("*.tar")):
            now = results(out, tmp_path / "place")
            assert all(now.get(key) == value for key, value in before.items()), "something was lost"
            before = now
            sources = (tmp_path / f"carried{k}",)
            shutil.copytree(out, sources[0])
            shutil.rmtree(tmp_path / f"runs{k}", ignore_errors=True)
    assert kills >= 5
    monkeypatch.setenv("CVLIB_RUNS", str(tmp_path / "last"))
    complete, _ = visit.run(planned(tmp_path / "out", sources=sources))
    assert complete
    assert results(tmp_path / "out", tmp_path / "place") == undisturbed


def test_a_half_done_unit_goes_on_elsewhere(tmp_path, monkeypatch, capfd):
    monkeypatch.setenv("TOY_PAUSE", "0.1")  # so that a pack finds it half done
    assert killed_when((tmp_path / "out" / "resume-1.tar").is_file, tmp_path / "out")
    monkeypatch.setenv("CVLIB_RUNS", str(tmp_path / "elsewhere"))
    plan = planned(tmp_path / "two", sources=[tmp_path / "out"])
    steps = [int(p.stem[5:]) for p in plan.work.rglob("step-*.pt")]
    assert max(steps) > 0


def test_two_processes_give_the_values_of_one(tmp_path, undisturbed):
    complete, _ = visit.run(planned(tmp_path / "out", workers=2))
    assert complete
    assert results(tmp_path / "out", tmp_path / "place") == undisturbed


def test_accidents_of_single_units_end_nothing_else(tmp_path, monkeypatch, undisturbed):
    monkeypatch.setenv("TOY_EXTRA", "diverging dependent needy dying wrong")
    plan = planned(tmp_path / "out", workers=2, seeds=1)
    assert any("needy: the package no_such_package is not installed" in line for line in plan.lines)
    complete, told = visit.run(plan)
    text = "\n".join(told)
    assert not complete
    assert "04 seed 0 dying failed: its process ended with exit code -9" in text
    assert "04 seed 0 wrong failed: ZeroDivisionError: division by zero (toy_visit.py:" in text
    assert "04 seed 0 diverging diverged" in text
    found = results(tmp_path / "out", tmp_path / "place")
    assert set(found) == {(0, name) for name in (*toy_visit.NAMES, "diverging")}
    assert found[0, "first"]["values"] == undisturbed[0, "first"]["values"]
    assert found[0, "diverging"]["status"] == "diverged"


def test_a_visit_ends_in_time_whatever_a_unit_does(tmp_path, monkeypatch):
    visit.run(planned(tmp_path / "out", seeds=1))
    monkeypatch.setenv("TOY_EXTRA", "deaf")
    began = time.monotonic()
    complete, _ = visit.run(planned(tmp_path / "out", minutes=0.15, workers=2, seeds=1))
    assert not complete
    assert time.monotonic() - began < 30
    assert (0, "first") in results(tmp_path / "out", tmp_path / "place")


def test_a_sigterm_saves_and_says_how_to_go_on(tmp_path):
    child = os.fork()
    if child == 0:
        complete, told = visit.run(planned(tmp_path / "out"))
        (tmp_path / "told").write_text("\n".join(told))
        os._exit(complete)
    time.sleep(0.8)
    os.kill(child, signal.SIGTERM)
    os.waitpid(child, 0)
    assert "stopped by SIGTERM; the same command goes on" in (tmp_path / "told").read_text()
    assert (tmp_path / "out" / "results.tar").is_file()


def test_a_full_disk_where_it_is_packed_is_said_and_ends_nothing(tmp_path, monkeypatch):
    original = atomic.write

    def full(path, content):
        if path.suffix == ".tar":
            raise CourseError(f"cannot write {path}: the disk is full")
        return original(path, content)

    monkeypatch.setattr(atomic, "write", full)
    plan = planned(tmp_path / "out", seeds=1)
    complete, told = visit.run(plan)
    assert complete
    assert "the disk is full" in told[-1]
    monkeypatch.undo()
    assert len(list(plan.work.rglob("units/*.json"))) == 3


def test_results_of_other_code_are_refused_in_one_sentence(tmp_path, monkeypatch, carried):
    monkeypatch.setattr(visit.identity, "code_hash", lambda units: "other")
    plan = planned(tmp_path / "two", sources=[carried])
    assert "its results were made by other training code" in plan.lines[-1]
    assert not list(plan.work.rglob("units/*.json"))
    plan = planned(tmp_path / "three", sources=[carried], accept_code=True)
    assert len(list(plan.work.rglob("units/*.json"))) == 6


def test_order_is_headline_first_over_all_seeds(monkeypatch):
    monkeypatch.setenv("TOY_EXTRA", "diverging")
    jobs = all_jobs({FOUR: toy_visit.EXPERIMENT, chapter(6): toy_visit.EXPERIMENT}, "laptop", None)
    names = [(j.unit.priority, j.seed, j.chapter.number) for j in jobs]
    assert names == sorted(names)
    assert len(jobs) == 2 * 2 * 4


def test_a_unit_that_does_not_fit_is_not_started(tmp_path):
    plan = planned(tmp_path / "out", seeds=1)
    plan.estimates.recorded[4, "second"] = 3600.0
    told = "\n".join(visit.foretold(plan))
    assert "second" in told
    assert "60 min: not in this visit" in told
    complete, _ = visit.run(plan)
    assert not complete
    assert {u for _, u in results(tmp_path / "out", tmp_path / "place")} == {"first", "third"}


def test_a_foretold_visit_knows_what_earlier_ones_brought_and_writes_nothing(tmp_path, carried):
    plan = planned(tmp_path / "out", sources=[carried], scratch=tmp_path / "scratch")
    assert "6 units are done already" in plan.lines
    assert "0 units to do" in visit.foretold(plan)[0]
    assert {p.name for p in tmp_path.iterdir()} == {"carried", "scratch"}


def test_estimates_are_corrected_by_what_this_visit_measures(tmp_path):
    first, second, _ = all_jobs({FOUR: toy_visit.EXPERIMENT}, "laptop", 1)
    known = Estimates("H100")
    known.recorded = {(4, "first"): 10.0, (4, "second"): 20.0}
    assert known.of(second, tmp_path) == 20.0
    known.learn(first, {"device": "H100", "seconds": 15.0})
    known.learn(first, {"device": "T4", "seconds": 99.0})
    assert known.of(second, tmp_path) == 30.0
    assert known.of(first, tmp_path) == 15.0


def test_a_unit_of_a_moment_says_nothing_of_the_others(tmp_path):
    first, second, _ = all_jobs({FOUR: toy_visit.EXPERIMENT}, "laptop", 1)
    known = Estimates("H100")
    known.recorded = {(4, "first"): 0.2, (4, "second"): 20.0}
    known.learn(first, {"device": "H100", "seconds": 12.0})  # it had to draw its pictures first
    assert known.of(second, tmp_path) == 20.0


def test_packs_are_few_small_and_come_back_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(pack, "LIMIT", 45_000)
    monkeypatch.setattr(pack, "ROOM", 13_000)
    work, out = tmp_path / "work", tmp_path / "out"
    first, second, third = all_jobs({FOUR: toy_visit.EXPERIMENT}, "laptop", 1)
    noise = random.Random(0)
    sizes = {first: 5_000, second: 70_000, third: 500_000}
    for job, size in sizes.items():
        place = job.folder(work) / "checkpoints" / job.unit.name / "task" / "step-000000007.pt"
        place.parent.mkdir(parents=True)
        place.write_bytes(noise.randbytes(size))
    left = pack.pack(work, out, [first, second, third])
    assert left == [f"{FOUR.name}/seed0/checkpoints/third/task/step-000000007.pt"]
    files = list(out.iterdir())
    assert len(files) <= 8
    assert max(f.stat().st_size for f in files) <= 45_000
    pack.unpack(out, tmp_path / "back")
    for name in ("first", "second"):
        path = f"{FOUR.name}/seed0/checkpoints/{name}/task/step-000000007.pt"
        assert (tmp_path / "back" / path).read_bytes() == (work / path).read_bytes()


def test_what_is_half_done_gives_way_to_what_is_finished(tmp_path, monkeypatch):
    monkeypatch.setattr(pack, "LIMIT", 45_000)
    monkeypatch.setattr(pack, "ROOM", 13_000)
    monkeypatch.setattr(pack, "TOTAL", 100_000)
    work, out = tmp_path / "work", tmp_path / "out"
    first, second, third = all_jobs({FOUR: toy_visit.EXPERIMENT}, "laptop", 1)
    result = first.folder(work) / "units" / "first.json"
    result.parent.mkdir(parents=True)
    result.write_text('{"schema": 1, "status": "finished"}')
    kept = first.folder(work) / "weights" / "first-net.pt"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(bytes(30_000))
    for job in (second, third):
        place = job.folder(work) / "checkpoints" / job.unit.name / "task" / "step-000000007.pt"
        place.parent.mkdir(parents=True)
        place.write_bytes(bytes(30_000))
    left = pack.pack(work, out, [first, second, third])
    assert sum(f.stat().st_size for f in out.iterdir()) <= 100_000
    assert (out / "weights-1.tar").is_file()
    assert len(left) == 1, "one of the two that are half-done finds no room"


def test_a_pack_that_names_files_elsewhere_is_not_followed(tmp_path):
    pack._write(tmp_path / "in" / "results.tar", [("../evil", b"1"), ("/evil", b"2")], "w:gz")
    assert pack.unpack(tmp_path / "in", tmp_path / "there") == 0
    assert not (tmp_path / "evil").exists()


def test_a_damaged_pack_is_passed_over(tmp_path, capsys, carried):
    (carried / "weights-1.tar").write_bytes(b"not a pack")
    assert len(results(carried, tmp_path / "place")) == 6
    assert "weights-1.tar is damaged and was passed over" in capsys.readouterr().out


def merged(folder, **options):
    return visit.merge(folder, ["04"], "laptop", options.get("seeds"), toy_visit.load)


def test_merging_writes_a_record_that_keeps_the_schema(carried):
    said = merged(carried)
    assert "2 seeds, 6 units" in said[0]
    whole = record.recorded(FOUR, "laptop")
    assert record.recorded(FOUR, "full") is None
    assert whole["complete"]
    assert whole["seeds"] == [0, 1]
    assert whole["metrics"]["difference"]["n"] == 60
    assert [u["unit"] for u in whole["provenance"]["units"]][:3] == list(toy_visit.NAMES)
    assert record.note(whole, "second", "seed", seed=1) == 1
    assert record.notes(whole, "seed") == dict.fromkeys(toy_visit.NAMES, 0)
    assert record.recorded_file(FOUR, "laptop-first-net.pt").is_file()


def test_what_is_missing_is_refused_or_named(tmp_path, monkeypatch):
    monkeypatch.setenv("TOY_EXTRA", "wrong")
    visit.run(planned(tmp_path / "out", seeds=1))
    with pytest.raises(CourseError, match=r"lacks headline units: seed 1: first, seed 1: second"):
        merged(tmp_path / "out")
    assert "   missing: seed 0: wrong" in merged(tmp_path / "out", seeds=1)
    assert record.recorded(FOUR)["missing"] == ["seed 0: wrong"]


@pytest.mark.parametrize(
    ("key", "said"),
    [("code", "mixes 2 training codes: run again seed 0 second"), ("config", "configurations")],
)
def test_a_compared_set_is_of_one_code_and_configuration(tmp_path, carried, key, said):
    pack.unpack(carried, tmp_path / "place")
    (path,) = (tmp_path / "place").rglob("seed0/units/second.json")
    changed = json.loads(path.read_text())
    changed[key] = "another"
    path.write_text(json.dumps(changed))
    with pytest.raises(CourseError, match=said):
        merged(tmp_path / "place", seeds=1)


def on_another_device(place, *units):
    """Let these results be of another device, and later."""
    for unit in units:
        (path,) = place.rglob(f"{unit}.json")
        changed = json.loads(path.read_text())
        changed |= {"device": "H100", "date": "2999-01-01T00:00:00+00:00"}
        path.write_text(json.dumps(changed))


def test_the_units_of_a_seed_are_of_one_device(tmp_path, carried, monkeypatch):
    place = tmp_path / "place"
    pack.unpack(carried, place)
    on_another_device(place, "seed0/units/third")
    with pytest.raises(CourseError, match=r"lacks .* seed 0: third; seed 0 is of .* third of H100"):
        merged(place)
    on_another_device(place, "seed0/units/first", "seed0/units/second")
    merged(place)
    whole = record.recorded(FOUR)
    assert whole["complete"]
    assert whole["provenance"]["device"].startswith("mixed")
    assert {u["device"] for u in whole["provenance"]["units"] if u["seed"] == 0} == {"H100"}


def test_a_further_unit_of_another_device_is_left_out_and_named(tmp_path, monkeypatch):
    monkeypatch.setenv("TOY_EXTRA", "diverging")
    plan = planned(tmp_path / "out", seeds=1)
    visit.run(plan)
    on_another_device(plan.work, "seed0/units/diverging")
    said = merged(plan.work, seeds=1)
    assert any("so diverging of H100 is left out" in line for line in said)
    assert record.recorded(FOUR)["missing"] == ["seed 0: diverging"]


def test_a_seed_that_another_device_began_is_left_to_it(tmp_path, carried):
    place = tmp_path / "place"
    pack.unpack(carried, place)
    (path,) = place.rglob("seed0/units/third.json")
    path.unlink()
    on_another_device(place, "seed0/units/first", "seed0/units/second")
    pack.pack(place, carried, planned(tmp_path / "one").jobs)
    plan = planned(tmp_path / "two", sources=[carried])
    assert "04 was begun on H100 (seed 0)" in plan.lines[-1]
    assert len(plan.jobs) == 5
    assert visit.foretold(plan)[0].endswith("0 units to do:")


def test_nonsense_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("in the way")
    for options in ({"minutes": float("nan")}, {"minutes": -5}, {"workers": 0}, {"seeds": 0}):
        with pytest.raises(CourseError, match=r"at least one|positive"):
            planned(tmp_path / "out", **options)
    with pytest.raises(CourseError, match="is a file"):
        planned(tmp_path / "file")
    with pytest.raises(CourseError, match="holds no packed results"):
        planned(tmp_path / "out", sources=[tmp_path / "nowhere"])
    with pytest.raises(CourseError, match="is no folder"):
        merged(tmp_path / "nowhere")
