"""A person at Label Studio as his browser is one: a session by e-mail and password, and requests."""

import re

import httpx


class Person:
    """One account, logged in."""

    def __init__(self, url, account):
        self.id = account.id
        self.client = httpx.Client(base_url=url, trust_env=False, timeout=120)
        form = self.client.get("/user/login/").text
        said = {"email": account.email, "password": account.password}
        said["csrfmiddlewaretoken"] = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', form)[1]
        answer = self.client.post("/user/login/", data=said, headers={"Referer": url})
        assert answer.status_code == 302, answer.text

    def next(self, project):
        """Return the next task, or None when all are done."""
        answer = self.client.get(f"/api/projects/{project}/next/")
        return None if answer.status_code == 404 else answer.raise_for_status().json()

    def answer(self, task, result, /, **said):
        """Submit an answer and return the response."""
        return self.client.post(f"/api/tasks/{task}/annotations/", json={"result": result, **said})
