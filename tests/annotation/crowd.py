"""Simulated people: each logs in by his own password and answers through Label Studio's API, as his browser would."""

import re
import zlib
from concurrent.futures import ThreadPoolExecutor

import httpx

from annotation.label_studio.client import LabelStudio
from annotation.people import add_person, qualify
from pipeline.database import open_registry, session
from pipeline.registry import Assignment, Item, Round, Seat, select

LIMIT = 60
"""Seconds for one request on a busy machine."""
AT_ONCE = 4
"""People who work at the same time; the server does one thing at a time anyway, but waits for its disk in between."""


class Person:
    """Somebody at a browser."""

    def __init__(self, studio, url, name):
        account = studio.contributor(name, reset=True)
        self.name, self.url = name, url
        self.account, self.email, self.password = account.id, account.email, account.password
        self.client = None

    def close(self):
        if self.client is not None:
            self.client.close()

    def login(self):
        self.client = httpx.Client(base_url=self.url, timeout=LIMIT, trust_env=False)
        page = self.client.get("/user/login/").text
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)[1]
        body = {"email": self.email, "password": self.password, "csrfmiddlewaretoken": token}
        answer = self.client.post("/user/login/", data=body, headers={"Referer": self.url})
        assert answer.status_code == 302, answer.text[:300]
        return self

    def ask(self, method, path, **more):
        if self.client is None:
            self.login()
        token = self.client.cookies.get("csrftoken", "")
        return self.client.request(method, path, headers={"X-CSRFToken": token, "Referer": self.url}, **more)

    def projects(self):
        return [row["id"] for row in self.ask("GET", "/api/projects/").json()["results"]]

    def next_task(self, project):
        """Return the next task, or None when all are done."""
        answer = self.ask("GET", f"/api/projects/{project}/next/")
        return None if answer.status_code == 404 else answer.raise_for_status().json()

    def submit(self, task, result, /, **more):
        return self.ask("POST", f"/api/tasks/{task}/annotations/", json={"result": result, "lead_time": 3.0, **more})

    def answer(self, task, result):
        said = self.submit(task, result)
        assert said.status_code == 201, said.text[:300]

    def work(self, project, say):
        """Answer task after task, as the queue gives them, with what `say(task)` returns; return how many."""
        done = 0
        while (task := self.next_task(project)) is not None:
            self.answer(task["id"], say(task))
            done += 1
        return done


class Crowd:
    """The people of a workspace, with their accounts at a server, who answer what waits for them there."""

    def __init__(self, server, workspace, names):
        self.engine, self.done = open_registry(workspace), set()
        with LabelStudio(server.url, server.operator.token) as studio, ThreadPoolExecutor(AT_ONCE) as pool:
            made = list(pool.map(lambda name: Person(studio, server.url, name), names))
            self.people = {person.name: person for person in pool.map(Person.login, made)}

    def enter(self, kind, rule_version, **roles):
        """Enter all in the registry, with the exams of those who are named by role."""
        with session(self.engine) as opened:
            for name, person in self.people.items():
                add_person(opened, name).account = person.account
            for role, names in roles.items():
                for name in names:
                    qualify(opened, name, kind=kind, rule_version=rule_version, role=role, score=1, passed=True,
                            valid_days=9, evidence="test")  # fmt: skip

    def waiting(self, round_name=None, role=None):
        """What lies with people in Label Studio and is not answered: rows of person, role, task, document."""
        with session(self.engine) as opened:
            rows = opened.execute(
                select(Assignment.contributor, Assignment.role, Assignment.task, Item.document)
                .join(Item, Item.id == Assignment.item).join(Round, Round.id == Item.round)
                .where(Assignment.state == "issued", Assignment.task.is_not(None),
                       (Round.name == round_name) if round_name else True, (Assignment.role == role) if role else True)
                .order_by(Assignment.contributor, Assignment.place)
            ).all()  # fmt: skip
        return [row for row in rows if row.task not in self.done]

    def work(self, say, round_name=None, role=None, most=10**6):
        """Everybody answers what waits for him with what `say(person, role, document)` returns; return how many."""
        queues = {}
        for row in self.waiting(round_name, role):
            queues.setdefault(row.contributor, []).append(row)

        def answer(rows):
            for name, part, task, document in rows[:most]:
                self.people[name].answer(task, say(name, part, document))
                self.done.add(task)
            return len(rows[:most])

        with ThreadPoolExecutor(AT_ONCE) as pool:
            return sum(pool.map(answer, queues.values()))

    def look(self, round_name, say):
        """Everybody works through his pages: `say(person, role, task)` knows only what is shown; return how many."""
        with session(self.engine) as opened:
            seats = opened.execute(
                select(Seat.contributor, Seat.role, Seat.project).join(Round, Round.id == Seat.round)
                .where(Round.name == round_name, Seat.project.is_not(None))
            ).all()  # fmt: skip
        return sum(
            self.people[name].work(project, lambda task, seat=(name, role): say(*seat, task))
            for name, role, project in seats
        )

    def close(self):
        for person in self.people.values():
            person.close()
        self.engine.dispose()


def chance(*what):
    """A number in [0, 1), always the same for the same arguments."""
    return zlib.crc32(repr(what).encode()) / 2**32
