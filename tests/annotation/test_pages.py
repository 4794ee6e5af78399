"""Label Studio takes our pages, and its own check of pre-annotations takes what we write."""

import pytest

from annotation.kinds import QUESTIONS, Kind
from annotation.label_studio.client import LabelStudio

pytestmark = pytest.mark.service

LABELS = {
    Kind.QUALITY: {"score": "2", "faults": ["broken", "other"], "note": "缺页"},
    Kind.SAFETY: {"evidence": [[0, 2, "A1"]], "verdict": "risky", "severity": "2", "risk_A1": ["A1-f"]},
    Kind.PERSONAL: {"spans": [[0, 2, "name"], [1, 4, "mobile"]], "verdict": "some"},
    Kind.DOMAIN: {"main": "law", "also": ["news"]},
    Kind.ACCEPTANCE: {"verdict": "fail", "risk_A5": ["A5-a"]},
    Kind.PREFERENCE: {"better": "left", "because": ["cleaner"]},
}


@pytest.mark.parametrize("kind", Kind)
def test_label_studio_takes_the_page_and_gives_the_answer_back(label_studio, kind):
    question = QUESTIONS[kind]
    page = question.page(rule_version="2026-1", show_source=True)
    text = "😀𠮷联系人某某"
    data = question.data(*[text] * len(question.texts)) | {"source": "某站", "key": kind}
    with LabelStudio(label_studio.url, label_studio.operator.token) as studio:
        project = studio.create_project(f"页面 {kind}", page.config, page.instruction, show_predictions=True)
        prediction = question.prediction(LABELS[kind], text, "filters-1")
        tasks = studio.import_tasks(project, [{"data": data, "predictions": [prediction]}])
        shown = studio.transport.call("GET", f"/api/tasks/{tasks[0]}/")["predictions"][0]
        studio.transport.call("POST", f"/api/tasks/{tasks[0]}/annotations/", {"result": prediction["result"]})
        (answer,) = [row for row in studio.revisions(0) if row.project == project]
    assert shown["model_version"] == "filters-1"
    assert question.read(shown["result"], text) == LABELS[kind]
    assert question.read(answer.result, text) == LABELS[kind]
