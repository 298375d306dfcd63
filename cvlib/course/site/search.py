"""Search in Chinese without a dictionary: every two neighbouring characters are a word.

Sphinx would ask a segmenter for words and find only what it cuts alike in page and question. Here
a run of Chinese characters is indexed whole, since the search page finds a word of three letters
or more anywhere in what is indexed, and by its pairs, for questions of two characters.
"""

from __future__ import annotations

import re
from itertools import pairwise

from sphinx.search.en import SearchEnglish

RUN = re.compile(r"[\u4e00-\u9fff]+|[^\W\u4e00-\u9fff]+")
HAN = re.compile(r"[\u4e00-\u9fff]")


class SearchHan(SearchEnglish):
    """Chinese with English words in between, which keep their stemmer."""

    lang = "zh"
    language_name = "Chinese"
    js_splitter_code = (
        "var splitQuery = (query) => "
        "query.match(/[\\u4e00-\\u9fff]+|[^\\u4e00-\\u9fff\\P{L}]+|[\\p{N}_]+/gu) || [];"
    )

    def split(self, input: str) -> list[str]:
        """`"批归一化 of x"` -> `["批归一化", "批归", "归一", "一化", "of", "x"]`."""
        words = []
        for run in RUN.findall(input):
            words.append(run)
            if HAN.match(run) and len(run) > 2:
                words += [a + b for a, b in pairwise(run)]
        return words
