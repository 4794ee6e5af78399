"""Two real accounts and every address of the server: one never learns nor changes what is the other's."""

import re
import sqlite3
from types import SimpleNamespace

import httpx
import pytest

from annotation.kinds import QUESTIONS, Kind
from annotation.label_studio.client import LabelStudio
from tests.annotation.crowd import Person

pytestmark = pytest.mark.service

QUALITY = QUESTIONS[Kind.QUALITY]
OTHERS = "SECRET-OTHERS"
GOLD = "SECRET-GOLD"
HIDDEN = "SECRET-HIDDEN"

FILES = {"dm/(?P<path>.*)", "label-studio-frontend/(?P<path>.*)", "react-app/(?P<path>.*)", "static/(?P<path>.*)",
         "static/fonts/roboto/roboto.css", "favicon\\.ico", "sw\\.js", "sw-fallback\\.js"}  # fmt: skip

FOR_EVERYONE = {("GET", ""), ("GET", "health/"), ("GET", "user/login/"), ("GET", "user/signup/")}

FOR_CONTRIBUTORS = {
    ("GET", "api/current-user/whoami"),
    ("GET", "api/current-user/hotkeys/"),
    ("GET", "version/"),
    ("GET", "api/version/"),
    ("GET", "api/ml/"),
    ("GET", "api/users/"),
    ("GET", "api/label_links/"),
    ("GET", "api/tasks/"),
    ("GET", "api/dm/actions/"),
}
"""Answered to every contributor, always the same or of himself; nothing more where he has no seat."""


def said(text):
    return QUALITY.write({"score": "1", "faults": ["other"], "note": text}, "x")


@pytest.fixture(scope="module")
def world(label_studio):
    """Ann and Ben, a project each, with answers, drafts, gold and hidden predictions that Ann must not see."""
    with LabelStudio(label_studio.url, label_studio.operator.token) as studio:
        call, page = studio.transport.call, QUALITY.page()
        ann, ben = (Person(studio, label_studio.url, f"blind-{name}").login() for name in ("ann", "ben"))
        projects = []
        for person, title, word in ((ann, "盲 甲", "甲"), (ben, OTHERS, OTHERS)):
            project = studio.create_project(title, page.config, page.instruction, show_predictions=False)
            rows = [
                {
                    "data": {"text": f"{word} {number}", "key": f"{word}{number}"}, "meta": {"is": GOLD},
                    "predictions": [{"model_version": HIDDEN, "result": said(HIDDEN)}],
                }
                for number in range(4)
            ]  # fmt: skip
            projects.append((project, studio.import_tasks(project, rows)))
            studio.seat(project, person.account)
        (mine, tasks), (theirs, their_tasks) = projects
        their_answer = ben.submit(their_tasks[0], said(OTHERS)).json()["id"]
        their_draft = ben.client.post(f"/api/tasks/{their_tasks[1]}/drafts", json={"result": said(OTHERS)}).json()["id"]
        gold = {"result": said(GOLD), "ground_truth": True}
        call("POST", f"/api/tasks/{tasks[3]}/annotations/", gold)  # the operator's, in Ann's own project
        secrets = [OTHERS, GOLD, HIDDEN, ben.email, label_studio.operator.email, call("GET", "/api/invite")["token"],
                   label_studio.operator.token]  # fmt: skip
        yield SimpleNamespace(
            studio=studio, url=label_studio.url, database=label_studio.folder / "label_studio.sqlite3",
            ann=ann, ben=ben, mine=mine, tasks=tasks, theirs=theirs, their_tasks=their_tasks,
            their_answer=their_answer, their_draft=their_draft, secrets=secrets,
        )  # fmt: skip
        ann.close()
        ben.close()


def token_of(world, person):
    with sqlite3.connect(f"file:{world.database}?mode=ro", uri=True) as database:
        return database.execute("select key from authtoken_token where user_id = ?", (person.account,)).fetchone()[0]


def everything(world):
    """What is in the database, without the clocks of activity, locks, and what Ann may do in her own project."""
    skipped = {"django_session", "task_lock", "tasks_tasklock", "blinding_serving", "sqlite_sequence"}
    moving = {"last_activity", "activity_at", "last_login", "updated_at"}
    found = {}
    with sqlite3.connect(f"file:{world.database}?mode=ro", uri=True) as database:
        for (table,) in database.execute("select name from sqlite_master where type = 'table'").fetchall():
            columns = [row[1] for row in database.execute(f"pragma table_info('{table}')")]
            kept = [name for name in columns if name not in moving]
            if table not in skipped and kept:
                names = ", ".join(f'"{name}"' for name in kept)
                found[table] = sorted(map(repr, database.execute(f"select {names} from '{table}'").fetchall()))
    return found


def paths(route, ids):
    """Fill the places of a route with the ids of its subject."""
    plain = re.sub(r"[\^$]", "", route)
    subjects = (("projects", "project"), ("tasks", "task"), ("annotations", "annotation"), ("drafts", "draft"),
                ("users", "user"), ("predictions", "prediction"))  # fmt: skip
    subject = next((name for word, name in subjects if f"{word}/" in plain), "project")

    def place(match):
        name = match[1] or match[2]
        if name == "annotation_id":
            return str(ids["annotation"])
        return {"format": "json", "drf_format_suffix": ".json", "entity_name": "task", "action_id": "delete_tasks",
                "path": "main.js", "sub_path": "labeling", "filename": "x"}.get(name, str(ids[subject]))  # fmt: skip

    path = re.sub(r"\(\?P<(\w+)>[^()]*(?:\([^()]*\))?[^()]*\)|<(?:\w+:)?(\w+)>", place, plain)
    return "/" + re.sub(r"\?|\\", "", path)


def shape(path):
    """A path with its places blank, as the schema and the routes agree on it."""
    return re.sub(r"\{\w+\}|\(\?P<\w+>[^()]*\)|<(?:\w+:)?\w+>", "*", path).strip("/").removesuffix("/?")


def methods_by_path(schema):
    return {shape(path): {method.upper() for method in methods} for path, methods in schema["paths"].items()}


def test_no_address_tells_or_changes_what_is_anothers(world):
    before = everything(world)
    prediction = world.studio.transport.call("GET", f"/api/predictions/?task={world.their_tasks[0]}")[0]["id"]
    ids = {"project": world.theirs, "task": world.their_tasks[0], "annotation": world.their_answer,
           "draft": world.their_draft, "user": world.ben.account, "prediction": prediction}  # fmt: skip
    said_to_all = {
        "result": [],
        "completed_by": world.ben.account,
        "title": "改了",
        "ground_truth": True,
        "email": "a@b.invalid",
    }
    routes = [route for route in world.studio.server()["routes"] if "logout" not in route]
    assert len(routes) > 300
    query = {"project": world.theirs, "view": 1, "task": world.their_tasks[0], "id": "delete_tasks", "ids[]": 1}
    answered, told = set(), []
    cookies = "; ".join(f"{name}={value}" for name, value in world.ann.client.cookies.items())
    csrf = world.ann.client.cookies["csrftoken"]
    credentials = {
        "session": {"Cookie": cookies, "X-CSRFToken": csrf, "Referer": world.url},
        "token": {"Authorization": f"Token {token_of(world, world.ann)}"},
        "nobody": {},
    }
    schema = methods_by_path(world.studio.transport.call("GET", "/docs/api/schema/json/"))
    with httpx.Client(base_url=world.url, trust_env=False, timeout=120) as client:
        for route in routes:
            name = re.sub(r"[\^$]", "", route)
            api = name.startswith("api/")
            if (
                name in FILES or "<path:object_id>" in name
            ):  # Django's own pages: refused as a whole, tried by their lists
                continue
            # What the schema leaves out is tried with a method that would change something.
            known = schema.pop(shape(name), None)
            tries = [("GET", "session"), *((method, "session") for method in known or ({"POST"} if api else ()))]
            tries += [("GET", "token")] if known else []
            tries += [("GET", "nobody")] if known or not name.startswith(("api/", "admin/", "django-rq/")) else []
            for method, who in dict.fromkeys(tries):
                body = None if method == "GET" else said_to_all
                answer = client.request(method, paths(route, ids), headers=credentials[who], json=body, params=query)
                client.cookies.clear()
                told += [(method, name, secret) for secret in world.secrets if secret in answer.text]
                if answer.status_code < 300:
                    answered.add((method, name, who))
    assert schema == {}  # every address of the schema has been tried
    assert told == []
    assert {(method, name) for method, name, who in answered if who == "nobody"} == FOR_EVERYONE - {("GET", "")}
    expected = FOR_EVERYONE | FOR_CONTRIBUTORS
    assert {(method, name) for method, name, who in answered if who != "nobody"} - expected == set()
    after = everything(world)
    assert {table for table in before if before[table] != after[table]} == set()


def test_ones_own_tasks_show_nothing_hidden_and_say_no_gold(world):
    task = world.ann.client.get(f"/api/tasks/{world.tasks[3]}/").json()
    assert (task["annotations"], task["predictions"]) == ([], [])
    for path in (f"/api/tasks/{world.tasks[3]}/annotations/", f"/api/projects/{world.mine}/next/",
                 f"/api/projects/{world.mine}/", f"/api/dm/project/?project={world.mine}",
                 f"/api/dm/columns/?project={world.mine}", f"/projects/{world.mine}/data?labeling=1", "/",
                 f"/api/tasks/?project={world.mine}&fields=all", "/api/current-user/whoami"):  # fmt: skip
        answer = world.ann.client.get(path)
        assert answer.status_code == 200
        assert [secret for secret in world.secrets if secret in answer.text] == []


def test_a_prediction_that_the_round_shows_is_shown(world):
    world.studio.transport.call("PATCH", f"/api/projects/{world.mine}/", {"show_collab_predictions": True})
    shown = world.ann.client.get(f"/api/tasks/{world.tasks[1]}/").json()["predictions"]
    world.studio.transport.call("PATCH", f"/api/projects/{world.mine}/", {"show_collab_predictions": False})
    assert [row["model_version"] for row in shown] == [HIDDEN]


def stored(world, annotation):
    names = "completed_by_id, updated_by_id, ground_truth, lead_time, was_cancelled, task_id"
    with sqlite3.connect(f"file:{world.database}?mode=ro", uri=True) as database:
        return database.execute(f"select {names} from task_completion where id = ?", (annotation,)).fetchone()


def test_an_answer_is_its_senders_once_whatever_he_says(world):
    forged = {"completed_by": world.ben.account, "updated_by": world.ben.account, "ground_truth": True,
              "lead_time": -9999,
              "unique_id": "00000000-0000-0000-0000-000000000000", "task": world.their_tasks[0],
              "draft_id": world.their_draft, "parent_annotation": world.their_answer}  # fmt: skip
    answer = world.ann.submit(world.tasks[0], said("甲"), **forged)
    number = answer.json()["id"]
    assert (answer.status_code, answer.json()["completed_by"]) == (201, world.ann.account)
    assert stored(world, number) == (world.ann.account, world.ann.account, 0, None, 0, world.tasks[0])
    assert world.ann.submit(world.tasks[0], said("又")).status_code == 409

    change = world.ann.client.patch(f"/api/annotations/{number}/", json={"result": said("改"), **forged})
    assert change.status_code == 200
    assert stored(world, number) == (world.ann.account, world.ann.account, 0, None, 0, world.tasks[0])
    assert world.ann.client.delete(f"/api/annotations/{number}/").status_code == 403
    rows = [row for row in world.studio.revisions(0) if row.annotation == number]
    assert [(row.action, row.user, QUALITY.read(row.result, "x")["note"]) for row in rows] == [
        ("created", world.ann.account, "甲"), ("updated", world.ann.account, "改")]  # fmt: skip


@pytest.mark.parametrize("way", ["session", "token"])
def test_anothers_work_can_be_neither_read_nor_changed_nor_taken_over(world, way):
    client = world.ann.client
    if way == "token":
        headers = {"Authorization": f"Token {token_of(world, world.ann)}"}
        client = httpx.Client(base_url=world.url, trust_env=False, headers=headers)
    number, body = world.their_answer, {"result": said("夺"), "completed_by": world.ann.account}
    answers = [
        client.get(f"/api/annotations/{number}/"),
        client.patch(f"/api/annotations/{number}/", json=body),
        client.put(f"/api/annotations/{number}/", json=body),
        client.delete(f"/api/annotations/{number}/"),
        client.post(f"/api/annotations/{number}/convert-to-draft", json={}),
        client.get(f"/api/tasks/{world.their_tasks[1]}/"),
        client.get(f"/api/tasks/{world.tasks[1]}/", params={"project": world.theirs}),
        client.post(f"/api/tasks/{world.their_tasks[1]}/annotations/", json=body),
        client.post(f"/api/tasks/{world.tasks[1]}/annotations/{number}/drafts", json=body),
        client.patch(f"/api/drafts/{world.their_draft}/", json=body),
        client.delete(f"/api/drafts/{world.their_draft}/"),
        client.get(f"/api/projects/{world.theirs}/next/"),
        client.get(f"/api/projects/{world.theirs}/export", params={"exportType": "JSON"}),
        client.post("/api/dm/actions/", params={"id": "next_task", "project": world.theirs}, json={}),
        client.post("/api/dm/actions/", params={"id": "delete_tasks", "project": world.mine}, json={}),
        client.request("GET", "/api/tasks/", params={"project": world.mine}, json={"project": world.theirs}),
        client.patch(f"/api/projects/{world.mine}/", json={"title": "改了"}),
        client.get("/api/invite"),
        client.get("/api/current-user/token"),
        client.get("/user/account/"),
    ]
    if way == "token":
        client.close()
    assert [row.status_code for row in answers if row.status_code < 400 and row.json().get("tasks") != []] == []
    assert [secret for row in answers for secret in world.secrets if secret in row.text] == []
    assert stored(world, number)[0] == world.ben.account


def test_a_draft_is_its_writers(world):
    path = f"/api/tasks/{world.tasks[2]}/drafts"
    draft = world.ann.client.post(path, json={"result": said("草"), "user": world.ben.account, "annotation": 1}).json()
    assert (draft["user"], draft["annotation"]) == (world.ann.account, None)
    shown = world.ann.client.get(f"/api/tasks/{world.tasks[2]}/").json()["drafts"]
    assert [row["id"] for row in shown] == [draft["id"]]


def test_a_skipped_task_can_be_taken_up_again_and_an_answer_cannot_be_withdrawn(world):
    skipped = world.ann.submit(world.tasks[1], [], was_cancelled=True).json()["id"]
    again = f"/api/annotations/{skipped}/convert-to-draft"
    assert world.ann.client.post(again, json={}).json()["user"] == world.ann.account
    answered = world.ann.submit(world.tasks[1], said("甲"))
    assert answered.status_code == 201
    again = f"/api/annotations/{answered.json()['id']}/convert-to-draft"
    assert world.ann.client.post(again, json={}).status_code == 404
    rows = [row for row in world.studio.revisions(0) if row.task == world.tasks[1]]
    assert [(row.action, row.was_cancelled) for row in rows] == [
        ("created", True), ("deleted", False), ("created", False)]  # fmt: skip
    assert {row.user for row in rows} == {world.ann.account}


def test_two_identities_in_one_request_are_refused(world):
    headers = {"Authorization": f"Token {token_of(world, world.ben)}"}
    answer = world.ann.client.get("/api/current-user/whoami", headers=headers)
    assert (answer.status_code, world.ben.client.get("/api/current-user/whoami").status_code) == (403, 200)


def test_who_has_lost_his_seat_is_out_at_once(world):
    assert world.ben.next_task(world.theirs)["project"] == world.theirs
    world.studio.unseat(world.theirs)
    assert world.ben.next_task(world.theirs) is None
    change = world.ben.client.patch(f"/api/annotations/{world.their_answer}/", json={"result": []})
    assert change.status_code == 404
    world.studio.seat(world.theirs, world.ben.account)
    assert world.ben.next_task(world.theirs)["project"] == world.theirs
