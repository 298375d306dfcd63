import shutil
import subprocess
from pathlib import Path

import pytest

import cvlib.psychophysics.exposure as exposure
from cvlib.psychophysics.masks import noise_mask

SCRIPT = Path(exposure.__file__).with_name("brief_exposure.js")
NODE = shutil.which("node")
needs_node = pytest.mark.skipif(NODE is None, reason="node is not installed")


@pytest.fixture(scope="module")
def module(tmp_path_factory):
    """The script under a name that makes Node read it as an ES module."""
    copy = tmp_path_factory.mktemp("js") / "brief_exposure.mjs"
    copy.write_text(SCRIPT.read_text(encoding="utf-8"), encoding="utf-8")
    return copy


def node(*arguments):
    return subprocess.run([NODE, *map(str, arguments)], capture_output=True, text=True, timeout=60)


@needs_node
def test_pure_functions(module):
    ran = node(Path(__file__).with_name("brief_exposure.test.mjs"), module)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.strip() == "ok"


@needs_node
@pytest.mark.parametrize("seed", [1, 7, 2**31 - 1001])
def test_browser_and_python_draw_the_same_masks(module, seed):
    code = (
        f"const m = await import('{module.as_uri()}');"
        f"console.log(JSON.stringify([...m.noiseMask({seed}, 16)]))"
    )
    ran = node("--input-type=module", "-e", code)
    drawn = noise_mask(seed, 16).ravel().tolist()
    assert ran.stdout.strip() == "[" + ",".join(map(str, drawn)) + "]", ran.stderr


def test_nothing_talks_to_a_network():
    text = SCRIPT.read_text(encoding="utf-8")
    for door in ("fetch(", "XMLHttpRequest", "WebSocket", "sendBeacon", "import(", "http"):
        assert door not in text, door
