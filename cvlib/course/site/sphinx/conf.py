"""Sphinx configuration of the course's site; `cvlib.course.site` copies it beside the pages."""

import json
from datetime import UTC, datetime
from pathlib import Path

from sphinx.application import Sphinx

from cvlib import __version__
from cvlib.course.chapters import RELEASE, REPOSITORY
from cvlib.course.editions import EDITIONS
from cvlib.course.site.search import SearchHan

switch = json.loads(Path(__file__).with_name("edition.json").read_text(encoding="utf-8"))
(words,) = (edition.words for edition in EDITIONS if edition.folder == switch["folder"])

project = words.project
author = "the contributors"
today = datetime.now(UTC).date().isoformat()
copyright = words.rights.format(version=__version__, date=today)
language = words.language
extensions = ["myst_nb", "sphinx_design", "sphinxcontrib.katex"]
templates_path = ["_templates"]
exclude_patterns = ["extra"]

nb_execution_mode = "off"  # what is stored is what is shown
nb_merge_streams = True
nb_code_prompt_show = words.show_code
nb_code_prompt_hide = words.hide_code
myst_enable_extensions = ["dollarmath", "colon_fence"]
myst_heading_anchors = 3
myst_html_meta = {"description": words.description}
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
html_context = {
    "default_mode": "auto",
    "repository": REPOSITORY,
    "release": RELEASE,
    "words": words,
    "edition": switch,
}
html_theme_options = {
    "navbar_center": [],
    "navbar_end": ["theme-switcher", "language.html", "source.html"],
    "article_header_start": ["launch.html"],
    "secondary_sidebar_items": {"index": [], "search": [], "**": ["page-toc"]},
    "footer_start": ["copyright"],
    "footer_end": [],
    "show_toc_level": 1,
    "search_bar_text": words.search,
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}


def setup(app: Sphinx) -> None:
    """Chinese is searched without a dictionary of words."""
    app.add_search_language(SearchHan)
