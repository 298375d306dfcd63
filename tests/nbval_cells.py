"""nbval with the comparison of `cvlib.course.notebooks.verify`, and with kernels that may die."""

import time
from dataclasses import astuple
from queue import Empty

import nbval.plugin
from nbval.kernel import RunningKernel
from nbval.plugin import IPyNbCell

from cvlib.course.notebooks.verify import Share, differences, share


class ComparedCell(IPyNbCell):
    """A cell whose figures and scoreboards are compared too, and which counts what is."""

    compared = False

    def compare_outputs(self, test, ref, skip_compare=None):
        self.compared = True
        self.comparison_traceback = differences(ref, test)
        return not self.comparison_traceback

    def runtest(self):
        try:
            super().runtest()
        finally:
            counted = share(self.cell.get("outputs", []), self.compared)
            self.user_properties.append(("share", list(astuple(counted))))


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
    nbval.plugin.IPyNbCell = ComparedCell
    nbval.plugin.RunningKernel = MortalKernel


def pytest_terminal_summary(terminalreporter):
    reports = (r for name in ("passed", "failed") for r in terminalreporter.stats.get(name, ()))
    counted = [Share(*v) for r in reports for key, v in r.user_properties if key == "share"]
    if counted:
        terminalreporter.write_line(str(sum(counted, Share())))
