"""Downloads against a server on this machine: resumed, limited, and nothing left behind."""

import http.server
import os
import socket
import threading
import time

import pytest

from cvlib.course.data import download as module
from cvlib.course.data import locate
from cvlib.course.data.download import MirrorFailed, download, own_part
from tests.course.data import making

CONTENT = os.urandom(300_000)


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves CONTENT; the path says how: /good, /cut (breaks off), /slow, /404, /norange."""

    def do_GET(self):
        start = int((self.headers.get("Range") or "bytes=0-")[6:-1])
        self.server.starts.append(start)
        if "404" in self.path:
            return self.send_error(404)
        if start >= len(CONTENT):
            return self.send_error(416)
        start = 0 if "norange" in self.path else start
        body = CONTENT[start:]
        self.send_response(206 if start else 200)
        if "silent" not in self.path:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if "cut" in self.path:
            body = body[: len(CONTENT) // 3]
        if "slow" in self.path:
            return self.trickle(body)
        return self.wfile.write(body)

    def trickle(self, body):
        for i in range(40):
            try:
                self.wfile.write(body[i : i + 1])
            except OSError:
                return
            time.sleep(0.05)

    def log_message(self, *args):
        pass


@pytest.fixture
def server(monkeypatch):
    monkeypatch.undo()  # the guard against network connections: this one stays on this machine
    for proxy in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(proxy, raising=False)
        monkeypatch.delenv(proxy.upper(), raising=False)
    made = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.starts = []
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    made.url = f"http://127.0.0.1:{made.server_address[1]}"
    yield made
    made.shutdown()
    made.server_close()
    thread.join()


def test_a_file_comes_whole(server, tmp_path):
    download(f"{server.url}/good", tmp_path / "part", len(CONTENT))
    assert (tmp_path / "part").read_bytes() == CONTENT


def test_a_connection_that_breaks_off_is_gone_on_with(server, tmp_path):
    download(f"{server.url}/cut", tmp_path / "part", len(CONTENT))
    assert (tmp_path / "part").read_bytes() == CONTENT
    assert server.starts == [0, 100_000, 200_000]


def test_what_an_earlier_process_left_is_gone_on_from(server, tmp_path):
    (tmp_path / "part").write_bytes(CONTENT[:123_456])
    download(f"{server.url}/good", tmp_path / "part", len(CONTENT))
    assert (tmp_path / "part").read_bytes() == CONTENT
    download(f"{server.url}/good", tmp_path / "part", len(CONTENT))  # whole already
    assert server.starts == [123_456, len(CONTENT)]


def test_a_server_that_cannot_go_on_starts_anew(server, tmp_path):
    (tmp_path / "part").write_bytes(b"other bytes")
    download(f"{server.url}/norange", tmp_path / "part", len(CONTENT))
    assert (tmp_path / "part").read_bytes() == CONTENT


@pytest.mark.parametrize("way", ["good", "silent"])
def test_a_mirror_with_too_many_bytes_is_broken_off(server, tmp_path, way):
    with pytest.raises(MirrorFailed, match="bytes"):
        download(f"{server.url}/{way}", tmp_path / "part", 1000)


def test_a_trickle_is_given_up(server, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "PACE_S", 0.3)
    with pytest.raises(MirrorFailed, match="too slow"):
        download(f"{server.url}/slow", tmp_path / "part", len(CONTENT))


def test_an_answer_that_is_none_is_said(server, tmp_path):
    with pytest.raises(MirrorFailed, match="HTTP 404"):
        download(f"{server.url}/404", tmp_path / "part", len(CONTENT))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(MirrorFailed, match="no connection"):
        download(f"http://127.0.0.1:{port}/x", tmp_path / "part", len(CONTENT))


def test_parts_of_the_dead_are_taken_over_and_those_of_the_living_are_not(tmp_path):
    local = tmp_path / "file.bin"
    dead = tmp_path / ".file.bin.999999999.part"
    dead.write_bytes(b"12345")
    (tmp_path / ".file.bin.999999998.part").write_bytes(b"123")
    living = tmp_path / f".file.bin.{os.getppid()}.part"
    living.write_bytes(b"1234567")
    mine = own_part(local)
    assert mine.read_bytes() == b"12345"
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([mine.name, living.name])


def test_ctrl_c_keeps_what_is_worth_keeping_and_the_next_start_goes_on(toy, monkeypatch):
    monkeypatch.setattr(module, "KEEP_BYTES", 5)

    def interrupted(url, part, most):
        part.write_bytes(making.GOOD[:7])
        raise KeyboardInterrupt

    monkeypatch.setattr(locate, "download", interrupted)
    with pytest.raises(KeyboardInterrupt):
        locate.path("toy/part")
    (left,) = toy.leftovers()
    os.rename(toy.given / "toy" / left, toy.given / "toy" / ".part.bin.999999999.part")

    def rest(url, part, most):
        with open(part, "ab") as sink:
            sink.write(making.GOOD[part.stat().st_size :])

    monkeypatch.setattr(locate, "download", rest)
    assert locate.path("toy/part").read_bytes() == making.GOOD
    assert not toy.leftovers()
