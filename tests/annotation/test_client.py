import pytest

from annotation.label_studio.client import LabelStudio
from annotation.label_studio.transport import ConflictError, Transport
from pipeline.errors import RecipeError

pytestmark = pytest.mark.service

CONFIG = """<View><Text name="text" value="$text"/>
<Choices name="label" toName="text" required="true"><Choice value="好"/><Choice value="坏"/></Choices></View>"""


@pytest.fixture(scope="module")
def studio(label_studio):
    with LabelStudio(label_studio.url, label_studio.operator.token) as studio:
        yield studio


def tasks(n):
    return [{"data": {"text": f"第{i}篇", "key": f"k{i}"}} for i in range(n)]


def test_a_project_is_made_filled_and_found_again(studio):
    project = studio.create_project("往返测试", CONFIG, "说明", show_predictions=False)
    ids = studio.import_tasks(project, tasks(7))
    assert studio.task_keys(project) == {f"k{i}": task for i, task in enumerate(ids)}
    assert [(row.title, row.tasks) for row in studio.projects() if row.id == project] == [("往返测试", 7)]
    assert studio.changed_tasks(project, None) == ids
    assert [task["id"] for task in studio.export(project, ids[2:4])] == ids[2:4]


def test_a_seat_is_one_persons_and_stays_his(studio):
    project = studio.create_project("座位测试", CONFIG, "", show_predictions=False)
    ann, ben = studio.contributor("seat-ann"), studio.contributor("seat-ben")
    studio.seat(project, ann.id)
    studio.seat(project, ann.id)
    with pytest.raises(ConflictError, match=f"user {ann.id} has the seat"):
        studio.seat(project, ben.id)
    studio.unseat(project)
    with pytest.raises(ConflictError):
        studio.seat(project, ben.id)


def test_an_account_is_made_once_and_its_password_said_once(studio):
    first, second = studio.contributor("once"), studio.contributor("once")
    assert (first.id, first.email) == (second.id, second.email)
    assert [first.password is None, second.password is None] == [False, True]
    with pytest.raises(Exception, match="small letters"):
        studio.contributor("张三")


def test_a_personal_access_token_serves_as_well(label_studio):
    with Transport(label_studio.url, label_studio.operator.token) as legacy:
        personal = legacy.call("POST", "/api/token/")["token"]
    with LabelStudio(label_studio.url, personal) as studio:
        assert studio.server()["protocol"] == 1
        studio.transport._access = "expired"  # the server says 401, and the token is exchanged again
        assert studio.server()["protocol"] == 1


def test_a_wrong_token_is_a_wrong_request(label_studio):
    with LabelStudio(label_studio.url, "0" * 40) as studio, pytest.raises(RecipeError, match="an operator's"):
        studio.server()
