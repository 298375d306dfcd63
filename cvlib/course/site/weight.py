"""What a page loads: pictures when they come into view, and nothing that it does not show.

The theme brings two thousand icons twice, as a font and as a script, and every page asks for the
formulas' and the cards' machinery. A phone on a slow line reads none of that.
"""

from __future__ import annotations

import re
from pathlib import Path

from PIL import Image

from cvlib.course import atomic

PICTURE = re.compile(r'<img (?=[^>]*src="((?:\.\./)*_images/[^"]+)")')
ICON_SCRIPT = re.compile(r'\s*<script[^>]*src="[^"]*/fontawesome\.js[^"]*"></script>')
ICON = re.compile(r"(\.fa-[\w-]+(?:,\.fa-[\w-]+)*)\{--fa:[^}]*\}")
# What in a page's own text needs these files -> the lines that ask for them.
ASKED = {
    'class="math': r"katex[\w-]*(?:\.min)?\.(?:js|css)|auto-render\.min\.js",
    'class="sd-': r"sphinx-design\.min\.css|design-tabs\.js",
}


def lighten(site: Path) -> None:
    """Rewrite the pages of one edition in place."""
    texts = {path: path.read_text(encoding="utf-8") for path in site.rglob("*.html")}
    for path, text in texts.items():
        atomic.write(path, _sized(_spared(text), path.parent))
    theme = site / "_static" / "scripts" / "pydata-sphinx-theme.js"
    used = set(re.findall(r"\bfa-[\w-]+", "".join([*texts.values(), theme.read_text()])))
    for style in (site / "_static" / "styles").glob("*.css"):
        atomic.write(style, _icons(style.read_text(encoding="utf-8"), used))


def _spared(html: str) -> str:
    """The page without the lines that ask for files which it does not use."""
    html = ICON_SCRIPT.sub("", html)
    for sign, files in ASKED.items():
        if sign not in html:
            line = rf'\s*<(?:script|link)[^>]*"[^"]*_static/(?:katex/)?(?:{files})[^"]*"[^>]*>'
            html = re.sub(rf"{line}(?:</script>)?", "", html)
    return html


def _icons(style: str, used: set[str]) -> str:
    """The style sheet with the rules of the icons that some page shows."""

    def kept(rule: re.Match[str]) -> str:
        names = {name.lstrip(".") for name in rule[1].split(",")}
        return rule[0] if names & used else ""

    return ICON.sub(kept, style)


def _sized(html: str, folder: Path) -> str:
    """The page with pictures that load when they come into view, in a place of their size."""

    def sized(match: re.Match[str]) -> str:
        with Image.open(folder / match[1]) as picture:
            width, height = picture.size
        return f'<img loading="lazy" width="{width}" height="{height}" '

    return PICTURE.sub(sized, html)
