"""A person's view, in a real browser: he logs in, reads, answers by keyboard and mouse, and the answer comes back."""

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
PICTURES = os.environ.get("QINGYUAN_PICTURES")
"""A folder to leave a picture of every page in."""

TEXT = """清水县图书馆上周开放了新的自习室。

自习室在二楼东侧，有一百二十个座位，每天早上八点开门，晚上九点半关门。读者凭借书证进入，不收费。馆长介绍，去年有八万多人次到馆，\
周末常常一座难求，所以把原来的书库改成了自习室，书则搬到了新建的密集书架。

联系电话：［手机］。欢迎读者来馆。

上一篇 下一篇 分享到微信 责任编辑"""
SPANNED = "😀𠮷第一行，前面有两个占两个编码单元的字。\n联系人：张某某，电话 010-00000000。😀\n住某市某区某路1号。"


class Desk:
    """One person at one browser, for all tests; each asks him something else."""

    def __init__(self, studio, tab, url, folder):
        self.studio, self.tab, self.url, self.folder = studio, tab, url, folder
        self.person = studio.contributor("browser")
        tab.goto(url)
        tab.wait("document.querySelector('#password') !== null")
        tab.ask(
            f"document.querySelector('#email').value={self.person.email!r},"
            f"document.querySelector('#password').value={self.person.password!r},"
            "document.querySelector('form').submit(),1"
        )
        tab.wait("document.body.innerText.includes('我的标注任务')")

    def ask(self, kind, *tasks, title=None, shows=False):
        """Seat him before some tasks, each its data and perhaps a suggested label; return the project."""
        question = QUESTIONS[kind]
        page = question.page(rule_version="2026-1")
        project = self.studio.create_project(title or f"浏览器 {kind}", page.config, page.instruction,
                                             show_predictions=shows)  # fmt: skip
        rows = []
        for number, (data, label) in enumerate(tasks):
            rows.append({"data": {**data, "key": f"{kind}-{number}"}})
            if label is not None:
                rows[-1]["predictions"] = [question.prediction(label, data[question.texts[0]], "filters")]
        self.studio.import_tasks(project, rows)
        self.studio.seat(project, self.person.id)
        return project

    def sit_down(self, project):
        """Open the page and put the instructions away."""
        self.tab.goto(f"{self.url}/projects/{project}/data?labeling=1")
        self.tab.wait("document.body.innerText.includes('中英对照')")
        self.picture(project, "instructions")
        self.tab.press("Escape")
        self.tab.wait("!document.body.innerText.includes('中英对照') && document.querySelector('.qy-text') !== null")

    def picture(self, project, name):
        if PICTURES:
            self.tab.screenshot(Path(PICTURES) / f"{project}-{name}.png")

    def checked(self, number):
        """Wait until so many choices are made."""
        self.tab.wait(f"document.querySelectorAll('input:checked').length == {number}")

    def marked(self, *words):
        """Wait until just these words are marked in the text."""
        self.tab.wait(
            "[...document.querySelectorAll('.qy-text .htx-highlight')].map(e => e.textContent).sort().join('|') == "
            f"{'|'.join(sorted(words))!r}"
        )

    def submit(self):
        """Submit by keyboard and return the answer, as a pull gets it, once it has come."""
        before = self.studio.revisions(0, 10_000)
        self.tab.press("Enter", control=True)
        self.tab.wait("document.body.innerText.includes('没有更多') || !document.querySelector('.htx-highlight')")
        for _ in range(100):
            new = self.studio.revisions(before[-1].sequence if before else 0)
            if new:
                return new[0]
            self.tab.ask("new Promise(done => setTimeout(done, 100))")
        raise AssertionError("nothing came")


@pytest.fixture(scope="module")
def desk(label_studio, tmp_path_factory):
    chromium = find_chromium()
    if chromium is None:
        pytest.skip("no Chromium on this machine")
    folder = tmp_path_factory.mktemp("browser")
    with (
        LabelStudio(label_studio.url, label_studio.operator.token) as studio,
        open_tab(chromium, folder) as tab,
    ):
        yield Desk(studio, tab, label_studio.url, folder)


def test_a_contributor_labels_by_keyboard_in_chinese(desk):
    tab, title = desk.tab, "文本质量评分 第一轮"
    project = desk.ask(Kind.QUALITY, ({"text": TEXT}, None), ({"text": "第二篇短文。"}, None), title=title)
    tab.goto(desk.url)
    href = tab.wait("document.querySelector('a.go')?.href")
    assert title in tab.ask("document.body.innerText")
    assert f"/projects/{project}/" in href
    desk.sit_down(project)
    tab.wait("document.querySelector('.qy-text').innerText.includes('一百二十个座位')")
    tab.press("3")
    tab.wait("document.body.innerText.includes('网页杂项')")  # asked for only below 4
    tab.press("7")
    desk.checked(2)
    label = tab.ask(
        "getComputedStyle(document.querySelector('[data-testid=bottombar-submit-button]'),'::after').content"
    )
    assert label == '"提交  Ctrl+Enter"'
    tab.screenshot(desk.folder / "page.png")
    answer = desk.submit()
    tab.wait("document.body.innerText.includes('第二篇短文')")
    assert tab.refused == []
    assert (answer.project, answer.user, answer.completed_by) == (project, desk.person.id, desk.person.id)
    assert QUESTIONS[Kind.QUALITY].read(answer.result, TEXT) == {"score": "3", "faults": ["boilerplate"]}
    assert 0 <= answer.lead_time <= (answer.at - answer.served_at).total_seconds()
    assert (desk.folder / "page.png").stat().st_size > 20_000
    if os.environ.get("QINGYUAN_PICTURE"):
        shutil.copy(desk.folder / "page.png", PICTURE)


def test_personal_data_are_marked_by_mouse_beside_what_filters_suggest(desk):
    name, address = SPANNED.index("张某某"), SPANNED.index("某市")
    suggested = {"spans": [[address, address + 8, "address"]], "verdict": "some"}
    project = desk.ask(Kind.PERSONAL, ({"text": SPANNED}, suggested), shows=True)
    desk.sit_down(project)
    desk.marked("某市某区某路1号")  # shown where the filter has it, behind characters of two code units
    desk.tab.press("1")
    desk.tab.mark("张某某")
    desk.marked("某市某区某路1号", "张某某")
    desk.picture(project, "page")
    desk.checked(1)  # what is suggested stays chosen
    answer = desk.submit()
    assert QUESTIONS[Kind.PERSONAL].read(answer.result, SPANNED) == {
        "spans": [[name, name + 3, "name"], [address, address + 8, "address"]], "verdict": "some",
    }  # fmt: skip


def test_safety_is_marked_by_mouse_and_answered_by_keyboard(desk):
    project = desk.ask(Kind.SAFETY, ({"text": SPANNED}, None))
    place = SPANNED.index("电话")
    desk.sit_down(project)
    desk.tab.press("a")
    desk.tab.mark("电话")
    desk.marked("电话")
    desk.tab.press("2")
    desk.tab.wait("document.body.innerText.includes('严重程度')")
    desk.tab.press("w")
    desk.tab.click("A4-c 侵害他人名誉权")
    desk.checked(3)
    desk.picture(project, "page")
    answer = desk.submit()
    assert QUESTIONS[Kind.SAFETY].read(answer.result, SPANNED) == {
        "evidence": [[place, place + 2, "A1"]], "verdict": "risky", "severity": "2", "risk_A4": ["A4-c"],
    }  # fmt: skip


def test_a_comparison_is_answered_by_keyboard(desk):
    project = desk.ask(Kind.PREFERENCE, (QUESTIONS[Kind.PREFERENCE].data(TEXT, TEXT[:-18]), None))
    desk.sit_down(project)
    desk.tab.wait("document.querySelector('.qy-difference').innerText.startsWith('左：')")
    desk.tab.press("2")
    desk.tab.wait("document.body.innerText.includes('更完整')")
    desk.picture(project, "page")
    answer = desk.submit()
    assert QUESTIONS[Kind.PREFERENCE].read(answer.result, TEXT) == {"better": "right"}


def test_an_acceptance_sample_is_answered_by_keyboard(desk):
    project = desk.ask(Kind.ACCEPTANCE, ({"text": TEXT * 8}, None))
    desk.sit_down(project)
    desk.tab.press("2")
    desk.tab.wait("document.body.innerText.includes('煽动颠覆')")
    scrolls = "(e => e.scrollHeight > e.clientHeight && e.clientHeight < 0.55 * innerHeight)"
    assert desk.tab.ask(f"{scrolls}(document.querySelector('.qy-text'))") is True
    desk.tab.press("1")
    desk.tab.wait("!document.body.innerText.includes('煽动颠覆')")
    answer = desk.submit()
    assert QUESTIONS[Kind.ACCEPTANCE].read(answer.result, TEXT * 8) == {"verdict": "pass"}
