"""Simulated people: each logs in by his own password and answers through Label Studio's API, as his browser would."""

import re
import zlib

import httpx

LIMIT = 60
"""Seconds for one request on a busy machine."""


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

    def ask(self, method, path, **more):
        if self.client is None:
            self.login()
        token = self.client.cookies.get("csrftoken", "")
        return self.client.request(method, path, headers={"X-CSRFToken": token, "Referer": self.url}, **more)

    def projects(self):
        return [row["id"] for row in self.ask("GET", "/api/projects/").json()["results"]]

    def next_task(self, project):
        answer = self.ask("GET", f"/api/projects/{project}/next")
        return answer.json() if answer.status_code == 200 else None

    def submit(self, task, result, **more):
        return self.ask("POST", f"/api/tasks/{task}/annotations/", json={"result": result, "lead_time": 3.0, **more})

    def work(self, project, say, most=10**6):
        """Answer task after task, as the queue gives them, with what `say(task)` returns; return how many."""
        done = 0
        while done < most and (task := self.next_task(project)) is not None:
            result = say(task)
            answer = self.submit(task["id"], result)
            assert answer.status_code == 201, answer.text[:300]
            done += 1
        return done


def chance(*what):
    """A number in [0, 1), always the same for the same arguments."""
    return zlib.crc32(repr(what).encode()) / 2**32
