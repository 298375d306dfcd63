"""nbval with the comparison of `cvlib.course.notebooks.verify`, and with kernels that may die."""

import time
from dataclasses import astuple
from queue import Empty

import nbval.plugin
import pytest
from nbval.kernel import RunningKernel
from nbval.plugin import IPyNbCell

from cvlib.course.notebooks.verify import Share, differences, share


def compare_outputs(cell, fresh, stored, skip_compare=None):
    """nbval's comparison leaves out figures; this one does not, and notes that it took place."""
    cell.compared = True
    cell.comparison_traceback = differences(stored, fresh)
    return not cell.comparison_traceback


class MortalKernel(RunningKernel):
    """A kernel whose death ends the wait for its messages: nbval waits for the whole timeout."""

    def get_message(self, stream, timeout=None):
        end = time.monotonic() + (timeout or 0)
        while True:
            left = end - time.monotonic()
            try:
                return super().get_message(stream, timeout=max(0.0, min(1.0, left)))
            except Empty:
                if not self.is_alive():
                    raise RuntimeError("the kernel died in this cell") from None
                if left <= 1.0:
                    raise


def pytest_configure():
    IPyNbCell.compare_outputs = compare_outputs
    nbval.plugin.RunningKernel = MortalKernel


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    try:
        return (yield)
    finally:
        if isinstance(item, IPyNbCell):
            counted = share(item.cell.get("outputs", []), getattr(item, "compared", False))
            item.user_properties.append(("share", list(astuple(counted))))


def pytest_terminal_summary(terminalreporter):
    reports = (r for name in ("passed", "failed") for r in terminalreporter.stats.get(name, ()))
    counted = [Share(*v) for r in reports for key, v in r.user_properties if key == "share"]
    if counted:
        terminalreporter.write_line(str(sum(counted, Share())))
