"""Search in Chinese without a dictionary: every two neighbouring characters are a word.

Sphinx would ask a segmenter for words, which comes with a dictionary of 19 MB and finds only what
it cuts alike in page and question. Here a run of Chinese characters counts as its pairs, on the
pages and in the question: a page that has all pairs of the question is found.
"""

from __future__ import annotations

import re
from itertools import pairwise

from sphinx.search.en import SearchEnglish

RUN = re.compile(r"[\u4e00-\u9fff]+|[^\W\u4e00-\u9fff]+")
PAIR = re.compile(r"[\u4e00-\u9fff]{2}")


class SearchHan(SearchEnglish):
    """Chinese with English words in between, which keep their stemmer."""

    lang = "zh"
    language_name = "Chinese"
    js_splitter_code = r"""
const RUNS = /[\u4e00-\u9fff]+|(?:(?![\u4e00-\u9fff])[\p{Letter}\p{Number}_])+/gu;
var splitQuery = (query) => (query.match(RUNS) ?? []).flatMap((run) =>
  /[\u4e00-\u9fff]{2}/.test(run) ? [...run.slice(1)].map((c, i) => run[i] + c) : [run]);
"""

    def split(self, input: str) -> list[str]:
        """`"批归一化 of x"` -> `["批归", "归一", "一化", "of", "x"]`."""
        words = []
        for run in RUN.findall(input):
            words += [a + b for a, b in pairwise(run)] if PAIR.match(run) else [run]
        return words
