"""What holds for every test: no network, no front end, one thread, no traces of earlier runs."""

import os
import shutil
import socket
import sys
import tempfile

import pytest

# Before torch is imported; the kernels that nbval and papermill start inherit all of it.
_RUNS = tempfile.mkdtemp(prefix="cvlib-runs-")
os.environ.update(
    CVLIB_HEADLESS="1",
    CVLIB_OFFLINE="1",
    CVLIB_PROFILE="smoke",
    CVLIB_RUNS=_RUNS,  # a checkpoint of an earlier run would change what a notebook prints
    OMP_NUM_THREADS="1",
    PYTHONHASHSEED="0",
)

import torch  # noqa: E402

torch.set_num_threads(1)

pytest_plugins = ["tests.nbval_cells"]
collect_ignore_glob = ["notebooks/*/*.ipynb"]  # translations: the English ones are executed


def pytest_unconfigure():
    shutil.rmtree(_RUNS, ignore_errors=True)


def pytest_collection_modifyitems(items):
    # `-m "not notebook"` leaves out what executes a notebook
    for item in items:
        if item.path.suffix == ".ipynb":
            item.add_marker("notebook")


def _refuse_strangers(address):
    """Let only this machine through: kernels and torch.distributed talk over 127.0.0.1."""
    host = address[0] if isinstance(address, tuple) else None  # else a unix socket
    if isinstance(host, bytes):
        host = host.decode()
    if host and host not in ("localhost", "::1", "0.0.0.0") and not host.startswith("127."):
        raise RuntimeError(f"a test tried to reach {host}: tests may not use the network")


@pytest.fixture(autouse=True)
def _no_network(monkeypatch):
    for name in ("connect", "connect_ex"):
        original = getattr(socket.socket, name)

        def guarded(self, address, original=original):
            _refuse_strangers(address)
            return original(self, address)

        monkeypatch.setattr(socket.socket, name, guarded)
    resolve = socket.getaddrinfo

    def getaddrinfo(host, *args, **kwargs):
        _refuse_strangers((host,))
        return resolve(host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


@pytest.fixture(autouse=True)
def _close_figures():
    """A figure that one test leaves open is no fault of the next one."""
    yield
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        pyplot.close("all")
