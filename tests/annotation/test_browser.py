"""A person's view, in a real browser: he logs in, reads, answers by keyboard, and the answer comes back."""

import os
import shutil
from pathlib import Path

import pytest

from annotation.kinds import QUESTIONS, Kind
from annotation.label_studio.client import LabelStudio
from tests.annotation.chromium import find_chromium, open_tab

pytestmark = pytest.mark.service

PICTURE = Path(__file__).parent / "labelling.png"
"""The one that README shows; rewritten by QINGYUAN_PICTURE=1."""

TEXT = """清水县图书馆上周开放了新的自习室。

自习室在二楼东侧，有一百二十个座位，每天早上八点开门，晚上九点半关门。读者凭借书证进入，不收费。馆长介绍，去年有八万多人次到馆，\
周末常常一座难求，所以把原来的书库改成了自习室，书则搬到了新建的密集书架。

联系电话：［手机］。欢迎读者来馆。

上一篇 下一篇 分享到微信 责任编辑"""


def log_in(tab, url, account):
    tab.goto(url)
    tab.wait("document.querySelector('#password') !== null")
    tab.ask(
        f"document.querySelector('#email').value={account.email!r},"
        f"document.querySelector('#password').value={account.password!r},document.querySelector('form').submit(),1"
    )


def test_a_contributor_labels_by_keyboard_in_chinese(label_studio, tmp_path):
    chromium = find_chromium()
    if chromium is None:
        pytest.skip("no Chromium on this machine")
    question = QUESTIONS[Kind.QUALITY]
    page = question.page(rule_version="2026-1")
    with LabelStudio(label_studio.url, label_studio.operator.token) as studio:
        project = studio.create_project("文本质量评分 第一轮", page.config, page.instruction, show_predictions=False)
        rows = [{"data": {"text": text, "key": text[:2]}} for text in (TEXT, "第二篇短文。")]
        tasks = studio.import_tasks(project, rows)
        person = studio.contributor("browser")
        studio.seat(project, person.id)

        with open_tab(chromium, tmp_path) as tab:
            log_in(tab, label_studio.url, person)
            href = tab.wait("document.querySelector('a.go')?.href")
            assert "我的标注任务" in tab.ask("document.body.innerText")
            tab.goto(href)
            tab.wait("document.body.innerText.includes('中英对照')")
            tab.press("Escape")
            tab.wait("!document.body.innerText.includes('中英对照')")
            tab.wait("document.querySelector('.qy-text').innerText.includes('一百二十个座位')")
            tab.press("3")
            tab.wait("document.body.innerText.includes('网页杂项')")  # asked for only below 4
            tab.press("7")
            tab.wait("document.querySelectorAll('input:checked').length == 2")
            label = tab.ask(
                "getComputedStyle(document.querySelector('[data-testid=bottombar-submit-button]'),'::after').content"
            )
            assert label == '"提交"'
            tab.screenshot(tmp_path / "page.png")
            tab.press("Enter", control=True)
            tab.wait("document.body.innerText.includes('第二篇短文')")
            assert tab.refused == []

        (answer,) = [row for row in studio.revisions(0) if row.project == project]
    assert (answer.task, answer.user, answer.completed_by) == (tasks[0], person.id, person.id)
    assert question.read(answer.result, TEXT) == {"score": "3", "faults": ["boilerplate"]}
    assert 0 <= answer.lead_time <= (answer.at - answer.served_at).total_seconds()
    assert (tmp_path / "page.png").stat().st_size > 20_000
    if os.environ.get("QINGYUAN_PICTURE"):
        shutil.copy(tmp_path / "page.png", PICTURE)
