"""Which front end reads along: none, a headless kernel, or a person at a live page."""

import html
import os
import sys
from typing import Any


def in_kernel() -> bool:
    """True inside a Jupyter kernel; False in a plain runner, a test or an IPython terminal."""
    ipython = sys.modules.get("IPython")  # never imported here: GPU machines may not have it
    shell = ipython.get_ipython() if ipython else None
    return shell is not None and hasattr(shell, "kernel")


def headless() -> bool:
    """True when a machine makes the page (`CVLIB_HEADLESS=1`): constant lines, static figures."""
    return os.environ.get("CVLIB_HEADLESS", "0") not in ("", "0")


def is_live() -> bool:
    """True when a person may move a slider: a kernel that is not headless."""
    return in_kernel() and not headless()


def display(data: dict[str, str], metadata: dict[str, Any] | None = None) -> None:
    """Send one output, mime type -> content, to the kernel's page; call only `in_kernel()`."""
    from IPython.display import display as publish

    publish(data, raw=True, metadata=metadata or {})


def folded(summary: str, text: str) -> None:
    """Show a text that nobody reads by accident: folded on a page, in full elsewhere."""
    if not in_kernel():
        print(f"{summary}:\n\n{text}")
        return
    details = (
        f"<details><summary>{html.escape(summary)}</summary>"
        f"<pre><code>{html.escape(text)}</code></pre></details>"
    )
    display({"text/html": details, "text/plain": f"{summary} (folded)"})
