"""Sphinx configuration of the course's site; `cvlib.course.site` copies it beside the pages."""

from datetime import UTC, datetime

from cvlib import __version__
from cvlib.course.chapters import RELEASE, REPOSITORY

project = "Ten papers, measured"
author = "the contributors"
today = datetime.now(UTC).date().isoformat()
copyright = f"text and figures CC BY 4.0, code Apache-2.0 · version {__version__} · {today}"
language = "en"
extensions = ["myst_nb", "sphinx_design", "sphinxcontrib.katex"]
templates_path = ["_templates"]
exclude_patterns = ["extra"]

nb_execution_mode = "off"  # what is stored is what is shown
nb_merge_streams = True
nb_code_prompt_show = "Show the code"
nb_code_prompt_hide = "Hide the code"
myst_enable_extensions = ["dollarmath", "colon_fence"]
myst_heading_anchors = 3
myst_html_meta = {"description": "Ten computer-vision papers of 2018, each measured in a notebook"}
sd_card_legacy_separators = False

katex_css_path = "katex/katex.min.css"  # with its fonts in _static: no network is asked

html_theme = "pydata_sphinx_theme"
html_title = project
html_static_path = ["_static"]
html_css_files = ["course.css"]
html_js_files = [("course.js", {"defer": "defer"})]
html_extra_path = ["extra"]
html_copy_source = False
html_use_index = False
html_sidebars = {"index": [], "search": [], "**": ["chapters.html"]}
html_context = {"default_mode": "auto", "repository": REPOSITORY, "release": RELEASE}
html_theme_options = {
    "navbar_center": [],
    "navbar_end": ["theme-switcher", "source.html"],
    "article_header_start": ["launch.html"],
    "secondary_sidebar_items": {"index": [], "search": [], "**": ["page-toc"]},
    "footer_start": ["copyright"],
    "footer_end": [],
    "show_toc_level": 1,
    "search_bar_text": "Search the chapters",
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
