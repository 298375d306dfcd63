"""What the site's frame says around the chapters, in each language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Words:
    """The frame's texts; `{…}` is filled in."""

    language: str  # as Sphinx calls it
    tag: str  # as HTML calls it
    name: str  # as its readers call it
    project: str
    description: str
    rights: str  # {version}, {date}
    show_code: str
    hide_code: str
    search: str
    chapters: str
    source: str
    colab: str
    download: str
    figure: str  # {number}
    hints: tuple[str, ...]  # none where the notebook's own prose has them
    solution: str
    fact_box: str  # the head of the table at a chapter's top
    headline: str  # the front page's title
    lead: str
    planned: str
    beside: tuple[str, ...]  # the front page's links to pages beside the chapters
    records: Mapping[str, str]  # profile -> how a card calls its record
    verdict: str  # {record}, {status}, {others}
    others: str  # {counts}
    comma: str
    statuses: Mapping[str, str]  # a verdict -> its word here


ENGLISH_WORDS = Words(
    language="en",
    tag="en",
    name="English",
    project="Ten papers, measured",
    description="Ten computer-vision papers of 2018, each measured in a notebook",
    rights="text and figures CC BY 4.0, code Apache-2.0 · version {version} · {date}",
    show_code="Show the code",
    hide_code="Hide the code",
    search="Search the chapters",
    chapters="Chapters",
    source="Source",
    colab="Run on Colab",
    download="Notebook",
    figure="Figure {number}.",
    hints=("A hint", "Another hint"),
    solution="A solution",
    fact_box="| What | In this chapter |",
    headline="Ten computer-vision papers of 2018, measured",
    lead="""\
Each chapter goes from the theory of one paper to a full GPU training run, **measures the paper's
own headline claim**, and judges it by a rule that was written down before the run. Read it here;
run it on Colab, or at home with one command.""",
    planned="To come",
    beside=("All exercises <exercises>", "Teaching <notebooks/TEACHING>", "The data <data/README>"),
    records={"laptop": "Without a GPU", "full": "On a GPU"},
    verdict="{record}: <b>{status}</b>{others}",
    others="; of its other claims {counts}",
    comma=", ",
    statuses={},
)
CHINESE_WORDS = Words(
    language="zh_CN",
    tag="zh-CN",
    name="中文",
    project="十篇论文，逐一实测",
    description="2018 年的十篇计算机视觉论文，每篇都在一本笔记本里实测",
    rights="文字与图片 CC BY 4.0，代码 Apache-2.0 · 版本 {version} · {date}",
    show_code="展开代码",
    hide_code="收起代码",
    search="搜索各章",
    chapters="章节",
    source="源码",
    colab="在 Colab 中运行",
    download="下载笔记本",
    figure="图 {number}",
    hints=(),
    solution="参考答案",
    fact_box="| 项目 | 本章 |",
    headline="2018 年的十篇计算机视觉论文，逐一实测",
    lead="每一章都从一篇论文的理论出发，一直走到完整的 GPU 训练，"
    "**实测论文自己的核心主张**，并按照运行之前就写定的规则作出判定。"
    "可以在这里直接阅读，可以在 Colab 上运行，也可以在自己的电脑上用一条命令运行。\n\n"
    "第 04 章已有完整的中文版，其余各章的卡片暂时指向英文页面。用词以[术语表](glossary.md)为准。",
    planned="即将推出",
    beside=("术语表 <glossary>",),
    records={"laptop": "无 GPU", "full": "有 GPU"},
    verdict="{record}：<b>{status}</b>{others}",
    others="；其余主张：{counts}",
    comma="，",
    statuses={
        "holds": "成立",
        "holds in direction": "方向成立",
        "not resolved at this scale": "此规模下无定论",
        "not measured": "未测量",
        "contradicted": "被否定",
        "no record yet": "尚无记录",
    },
)
