"""`cvlib run` and `cvlib record`: experiments without a notebook."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import click

from cvlib.course.cli_options import PROFILE, Folder


@click.command()
@click.argument("number")
@PROFILE
@click.option("--seeds", default=1, show_default=True, help="How many seeds, from 0 on.")
@click.option("--minutes", type=float, help="Stop in time, with a checkpoint; run again to go on.")
@click.option("--out", type=Folder(), help="Folder of checkpoints and record.")
@click.option("--fresh", is_flag=True, help="Throw earlier results and checkpoints away.")
@click.option("--force-cpu", is_flag=True, help="Allow profile full without a GPU.")
@click.option("--accept-code", is_flag=True, help="Go on with what other code has trained.")
def run(
    number: str, profile: str, seeds: int, minutes: float | None, out: Path | None, fresh: bool,
    force_cpu: bool, accept_code: bool,
) -> None:  # fmt: skip
    """Run a chapter's experiment, print its scoreboard and write DIR/record.json.

    \b
    Examples:
      cvlib run 04 --profile smoke
      cvlib run 04 --profile full --seeds 3 --out runs/04-full
      cvlib run 04 --profile workshop --minutes 10   (run it again to go on)
      torchrun --nproc-per-node=2 -m cvlib run 04 --profile smoke
    """
    from cvlib.course.page.scoreboard import scoreboard
    from cvlib.course.run.interrupts import Stopped
    from cvlib.course.run.runner import run_chapter

    try:
        result = run_chapter(
            number, profile, seeds, minutes=minutes, out=out, fresh=fresh, force_cpu=force_cpu,
            accept_code=accept_code,
        )  # fmt: skip
    except Stopped:  # the run has said how to go on
        sys.exit(130)
    if _first_process():
        click.echo(f"\n{scoreboard(result)}")
    sys.exit(not result["complete"])


def _first_process() -> bool:
    import torch

    distributed = torch.distributed.is_available() and torch.distributed.is_initialized()
    first = not distributed or torch.distributed.get_rank() == 0
    if distributed:
        torch.distributed.destroy_process_group()
    return first


@click.command()
@click.argument("numbers", nargs=-1)
@PROFILE
@click.option("--minutes", type=float, default=45.0, show_default=True, help="Of the whole visit.")
@click.option("--out", type=Folder(), help="Folder of the packed results.")
@click.option(
    "--from", "sources", type=click.Path(path_type=Path), multiple=True,
    help="Folder of packed results of an earlier visit; may be given several times.",
)  # fmt: skip
@click.option("--jobs", type=int, help="Processes side by side (default: 2, on a GPU 3).")
@click.option("--seeds", type=int, help="How many seeds (default: as each chapter asks for).")
@click.option("--dry-run", is_flag=True, help="Say what a visit would do, and run nothing.")
@click.option("--rehearse", is_flag=True, help="Take two steps of every training, keep nothing.")
@click.option("--accept-code", is_flag=True, help="Take what other code has trained.")
@click.option("--merge", type=click.Path(path_type=Path), help="Write data/recorded from a folder.")
def record(
    numbers: tuple[str, ...], profile: str, minutes: float, out: Path | None,
    sources: tuple[Path, ...], jobs: int | None, seeds: int | None, dry_run: bool,
    rehearse: bool, accept_code: bool, merge: Path | None,
) -> None:  # fmt: skip
    """Run the experiments of chapters side by side within a budget, and pack what they bring.

    Every finished unit is packed into OUT at once, half-done ones every half minute; a later visit
    goes on from there with --from. --merge turns what came home into data/recorded.

    \b
    Examples:
      cvlib record --profile full --minutes 12 --dry-run
      cvlib record --profile full --minutes 2 --rehearse 04
      cvlib record --profile laptop --minutes 45 --out build/laptop 04 06
      cvlib record --profile full --minutes 12 --out out --from first-visit
      cvlib record --profile laptop --merge build/laptop
    """
    from cvlib.course.run.recording import visit

    if merge:
        for line in visit.merge(merge, numbers, profile, seeds):
            click.echo(line)
        return
    wanted = (numbers, profile, minutes, out, sources, jobs, seeds)
    if dry_run:
        with tempfile.TemporaryDirectory() as place:
            plan = visit.plan(*wanted, accept_code=accept_code, scratch=Path(place))
            click.echo("\n".join([*plan.lines, *visit.foretold(plan)]))
        return
    if rehearse:
        sys.exit(not _rehearsed(wanted))
    plan = visit.plan(*wanted, accept_code=accept_code)
    click.echo("\n".join(plan.lines))
    complete, told = visit.run(plan)
    click.echo("\n".join(told))
    sys.exit(not complete)


def _rehearsed(wanted: tuple) -> bool:
    """Try every unit and say how it went; whether all were reached and work."""
    from cvlib.course.run.recording import visit
    from cvlib.course.run.recording.rehearsal import rehearse

    with tempfile.TemporaryDirectory() as place:
        plan = visit.plan(*wanted, scratch=Path(place))
        click.echo("\n".join(plan.lines))
        tried = []
        for one in rehearse(plan):
            click.echo(str(one))
            tried.append(one)
    fails = sum(bool(one.error) for one in tried)
    planned = sum(job.seed == 0 for job in plan.jobs)
    click.echo(f"{len(tried) - fails} of {planned} units work, {fails} fail")
    return len(tried) == planned and not fails
