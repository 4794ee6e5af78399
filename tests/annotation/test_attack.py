"""Attacks on a paid round with real accounts: what gets into the journal is found, and neither scored nor paid."""

import sqlite3
from contextlib import closing
from datetime import timedelta

import httpx
import pyarrow as pa
import pytest

from annotation.credentials import revoke_credential, verify_credential
from annotation.incentive.flagged import last_flags
from annotation.incentive.period import score_period
from annotation.kinds import QUESTIONS, Kind
from annotation.label_studio.client import LabelStudio
from annotation.opening import ITEMS, round_folder
from annotation.people import add_person, qualify
from annotation.round_file import RoundFile
from annotation.rounds import pull_rounds, sync_round
from annotation.status import status_of
from pipeline.database import now, open_registry, session
from pipeline.registry import Answer, Assignment, Audit, Item, Ledger, Round, Seat, select
from pipeline.store import read_table, write_table
from tests.annotation.crowd import Person

pytestmark = pytest.mark.service

QUALITY = QUESTIONS[Kind.QUALITY]
NAMES = ("atk-ann", "atk-ben", "atk-eve")
GOOD, BAD = {"score": "5"}, {"score": "1", "faults": ["other"]}
POLICY = """
[policy]
name = "attack"
version = "1"
[rates]
default = 6000
[floor]
wmin_fen_h = 0
[[norms]]
kind = "default"
seconds = 60
[budget]
period_fen = 1000000
"""


def lay_round(engine, workspace, name, documents, *, rule_version, **head):
    """Put a round of work there without a run: its items, and their texts in its folder."""
    settings = {"name": name, "kind": "quality", "rule_version": rule_version, "run": "none", "overlap": 2,
                "consensus": "majority", **head}  # fmt: skip
    form = RoundFile.model_validate({"round": settings, "people": {"floor_seconds": 0.0}})
    with session(engine) as opened:
        made = Round(name=name, kind="quality", rule_version=rule_version, run="none", review="none", seed=1,
                     design={"file": form.model_dump(mode="json")}, opened_at=now())  # fmt: skip
        opened.add(made)
        opened.flush()
        opened.add_all(Item(round=made.id, document=one, probability=1.0, overlap=2) for one in documents)
    plain = dict.fromkeys(ITEMS.names) | {"source": "s", "kept": True, "failed": [], "stratum": "", "probability": 1.0}
    rows = [plain | {"document": one, "text": f"{one} 的正文。"} for one in documents]
    write_table(round_folder(workspace, name) / "items.parquet", pa.Table.from_pylist(rows, ITEMS))


class World:
    """A paid round, and two annotators and an adjudicator at their browsers."""

    def __init__(self, server, workspace):
        self.server, self.workspace = server, workspace
        self.studio = LabelStudio(server.url, server.operator.token)
        self.people = {name: Person(self.studio, server.url, name) for name in NAMES}
        self.engine = open_registry(workspace)
        (workspace / "incentive.toml").write_text(POLICY, "utf-8")
        with session(self.engine) as opened:
            for name, role in zip(NAMES, ("annotator", "annotator", "adjudicator"), strict=True):
                add_person(opened, name).account = self.people[name].account
                qualify(opened, name, kind="quality", rule_version="1", role=role, score=1, passed=True, valid_days=9,
                        evidence="test")  # fmt: skip

    def close(self):
        for person in self.people.values():
            person.close()
        self.studio.transport.close()
        self.engine.dispose()

    def sync(self, name="attack"):
        return sync_round(self.workspace, name, self.studio, lambda _: None)

    def pull(self):
        return pull_rounds(self.workspace, self.studio, lambda _: None)

    def tasks(self, person, name="attack"):
        """Document -> task and project of a person."""
        with session(self.engine) as opened:
            rows = opened.execute(
                select(Item.document, Assignment.task, Assignment.project)
                .join(Assignment, Assignment.item == Item.id).join(Round, Round.id == Item.round)
                .where(Assignment.contributor == person, Round.name == name, Assignment.task.is_not(None))
            ).all()  # fmt: skip
        return {document: (task, project) for document, task, project in rows}

    def answer(self, person, document, label, name="attack"):
        task, _ = self.tasks(person, name)[document]
        self.people[person].ask("GET", f"/api/tasks/{task}/")  # opened, as a browser does
        said = self.people[person].submit(task, QUALITY.write(label, ""), lead_time=0.01)
        assert said.status_code == 201, said.text
        return said.json()["id"]

    def patch(self, person, annotation, label, **more):
        body = {"result": QUALITY.write(label, ""), **more}
        return self.people[person].ask("PATCH", f"/api/annotations/{annotation}/", json=body)

    def force(self, method, path, body=None):
        """Do what only somebody could who has got past the blinding, with the operator's stolen token."""
        return self.studio.transport.call(method, path, body)

    def counted(self):
        """What is scored: person and document -> class."""
        score_period(self.workspace, at=now() + timedelta(seconds=1))
        with session(self.engine) as opened:
            documents = {f"attack/{item.id}": item.document for item in opened.scalars(select(Item))}
        folder = next((self.workspace / "scores").glob("20*"))
        rows = read_table(folder / "answers.parquet").to_pylist()
        return {(row["contributor"][4:], documents[row["item"]]): row["label"] for row in rows}


@pytest.fixture(scope="module")
def world(label_studio, tmp_path_factory):
    made = World(label_studio, tmp_path_factory.mktemp("attack"))
    lay_round(made.engine, made.workspace, "attack", [f"d{number}" for number in range(8)], rule_version="1")
    made.sync()
    yield made
    made.close()


def token_of(world, person):
    file = world.server.folder / "label_studio.sqlite3"
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:
        query = "select key from authtoken_token where user_id = ?"
        return database.execute(query, (world.people[person].account,)).fetchone()[0]


def test_a_contributor_can_neither_import_nor_export_nor_get_tokens_nor_send_twice(world):
    ann, ben = world.people["atk-ann"], world.people["atk-ben"]
    task, project = world.tasks("atk-ann")["d0"]
    theirs, their_project = world.tasks("atk-ben")["d0"]
    result = QUALITY.write(GOOD, "")
    forged = {"result": result, "completed_by": ben.account, "lead_time": 9999}
    with_answer = [{"data": {"text": "x", "key": "k"}, "annotations": [forged]}]
    tries = [
        ("POST", f"/api/projects/{project}/import", with_answer),
        ("POST", f"/api/projects/{their_project}/import", with_answer),
        ("POST", f"/api/projects/{project}/reimport", with_answer),
        ("POST", "/api/tasks/", {"data": {"text": "x"}, "project": project}),
        ("POST", "/api/predictions/", {"task": task, "result": result, "score": 1.0}),
        ("POST", f"/api/projects/{project}/import/predictions", [{"task": task, "result": result}]),
        ("POST", f"/api/tasks/{theirs}/annotations/", forged),
        ("POST", "/api/storages/localfiles/", {"project": project, "path": "/", "use_blob_urls": True}),
        ("POST", "/api/storages/export/localfiles", {"project": project, "path": "/tmp"}),
        ("GET", f"/api/projects/{project}/export?exportType=JSON", None),
        ("POST", f"/api/projects/{project}/exports/", {"title": "x"}),
        ("GET", f"/api/projects/{project}/exports/", None),
        ("GET", "/api/current-user/token", None),
        ("POST", "/api/current-user/reset-token/", {}),
        ("POST", "/api/token/", {}),
        ("GET", "/api/token/", None),
        ("POST", "/api/token/rotate/", {"refresh": "x"}),
        ("POST", f"/api/webhooks/?project={project}", {"url": "http://127.0.0.1:1/", "project": project}),
        ("POST", "/api/ml/", {"project": project, "url": "http://127.0.0.1:1/"}),
        ("DELETE", f"/api/projects/{project}/tasks/", None),
        ("GET", "/api/qingyuan/revisions/?after=0", None),
        ("PUT", f"/api/qingyuan/projects/{their_project}/seat/", {"user": ann.account}),
        ("POST", "/api/qingyuan/contributors/", {"name": "atk-ben", "reset": True}),
    ]
    with httpx.Client(base_url=world.server.url, trust_env=False, timeout=60,
                      headers={"Authorization": f"Token {token_of(world, 'atk-ann')}"}) as by_token:  # fmt: skip
        for ask in (ann.ask, by_token.request):
            codes = {f"{method} {path}": ask(method, path, json=body).status_code for method, path, body in tries}
            assert {way: code for way, code in codes.items() if code < 400} == {}
    before = world.studio.revisions(0, 2000)[-1:]
    first = ann.ask("POST", f"/api/tasks/{task}/annotations/", json=forged)
    assert first.status_code == 201
    replays = [ann.ask("POST", f"/api/tasks/{task}/annotations/", json=forged | more)
               for more in ({}, {"unique_id": "11111111-1111-1111-1111-111111111111"})]  # fmt: skip
    assert [said.status_code for said in replays] == [409, 409]
    after = before[0].sequence if before else 0
    assert [(row.task, row.user, row.completed_by) for row in world.studio.revisions(after)] == [
        (task, ann.account, ann.account)
    ]


def test_what_gets_into_the_journal_is_found_and_neither_scored_nor_paid(world):
    own = {(who, f"d{k}"): world.answer(f"atk-{who}", f"d{k}", GOOD)
           for who in ("ann", "ben") for k in range(1, 5)}  # fmt: skip
    own["ben", "d0"] = world.answer("atk-ben", "d0", BAD)  # Ann has said otherwise
    world.sync()
    world.answer("atk-eve", "d0", BAD)  # and the third person that it is bad
    mine = next(
        row.annotation for row in world.studio.revisions(0, 2000) if row.task == world.tasks("atk-ann")["d0"][0]
    )
    # Ann would now like to have said the same, and to have worked for hours.
    assert world.patch("atk-ann", mine, BAD).status_code == 200
    assert world.patch("atk-ann", own["ann", "d1"], GOOD, lead_time=9999.0).status_code == 200
    # With a stolen token: Ben's answer turned, one in his name that he never gave, his task taken by another.
    ann, ben = world.people["atk-ann"].account, world.people["atk-ben"].account
    world.force("PATCH", f"/api/annotations/{own['ben', 'd1']}/", {"result": QUALITY.write(BAD, "")})
    world.force("PATCH", f"/api/annotations/{own['ben', 'd2']}/", {"completed_by": ann})
    body = {"result": QUALITY.write(BAD, ""), "completed_by": ben, "lead_time": 9999}
    world.force("POST", f"/api/tasks/{world.tasks('atk-ben')['d5'][0]}/annotations/", body)
    world.force("POST", f"/api/tasks/{world.tasks('atk-ann')['d5'][0]}/annotations/", body | {"completed_by": ann})
    world.force("POST", f"/api/tasks/{world.tasks('atk-ann')['d6'][0]}/annotations/", body)
    imported = [{"data": {"text": "x", "key": "k"}, "annotations": [body]}]
    world.force("POST", f"/api/projects/{world.tasks('atk-ann')['d0'][1]}/import", imported)
    world.force("DELETE", f"/api/annotations/{own['ben', 'd4']}/")
    world.pull()

    assert world.counted() == {
        ("ann", "d0"): "5", ("ben", "d0"): "1",  # as they were before the verdict
        **{("ann", f"d{k}"): "5" for k in range(1, 5)}, **{("ben", f"d{k}"): "5" for k in range(1, 4)},
    }  # fmt: skip
    with session(world.engine) as opened:
        rows = opened.scalars(select(Answer).where(~Answer.valid).order_by(Answer.sequence)).all()
        refusals = sorted((row.refusal or "").partition(":")[0] for row in rows)
        told = opened.scalars(select(Audit).where(Audit.action.in_(("answer refused", "answer deleted")))).all()
    assert refusals == ["deleted", *["forged"] * 5, "late"]
    assert len(told) == 7
    score_period(world.workspace, act="settle", at=now() + timedelta(seconds=1))
    with session(world.engine) as opened:
        paid = {
            row.party: row.why["items"] for row in opened.scalars(select(Ledger).where(Ledger.kind == "settlement"))
        }
    assert paid == {"atk-ann": 5, "atk-ben": 4, "atk-eve": 1}
    flags = last_flags(world.workspace)
    assert {"forged", "late", "overclaimed"} <= set(flags["atk-ann"])
    assert "forged" in flags["atk-ben"]
    status = status_of(world.workspace, "attack")[0]
    assert status["look_at"]["atk-ann"] == flags["atk-ann"]
    assert status["tampering"] == {"atk-ann": 3, "atk-ben": 3}


def test_a_locked_round_is_for_the_verified_and_shuts_when_that_ends(world):
    names = NAMES[:2]
    with session(world.engine) as opened:
        for name in names:
            verify_credential(opened, name, domain="medicine", verifier="office", valid_days=30, evidence="file 7")
    lay_round(world.engine, world.workspace, "locked", ["m0", "m1", "m2"], rule_version="1", domain_locked="medicine")
    assert world.sync("locked")["pushed"]["issued"]["annotator"] == 6
    world.answer("atk-ann", "m0", GOOD, "locked")
    late_task, project = world.tasks("atk-ann", "locked")["m1"]
    with session(world.engine) as opened:
        revoke_credential(opened, "atk-ann", domain="medicine", verifier="office", why="expired licence")
    assert world.people["atk-ann"].submit(late_task, QUALITY.write(GOOD, "")).status_code == 201  # before the next sync
    pushed = world.sync("locked")["pushed"]
    assert (pushed["lapsed"], pushed["short"]) == ({"atk-ann": 1}, {"annotator": 2})
    assert world.people["atk-ann"].next_task(project) is None
    with session(world.engine) as opened:
        found = opened.execute(
            select(Answer.valid, Answer.refusal).join(Assignment).join(Item).join(Round)
            .where(Round.name == "locked").order_by(Answer.sequence)
        ).all()  # fmt: skip
        left = opened.scalars(select(Seat.project).where(Seat.contributor == "atk-ann").order_by(Seat.id)).all()
    assert [tuple(row) for row in found] == [(True, None), (False, "no credential in force")]
    assert left[-1] is None
