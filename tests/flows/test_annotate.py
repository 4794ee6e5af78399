"""`qingyuan annotate …` where Label Studio is not as it should be: said at once, in words, with the right exit code."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from annotation.label_studio import transport
from annotation.people import add_person
from flows import annotation_runtime
from flows.cli import main
from pipeline.database import open_registry, session

ROUND = """
[round]
name = "exam"
kind = "quality"
rule_version = "1"
purpose = "exam"
[gold]
file = "gold.jsonl"
"""
VERBS = {
    "push": ["push", "round.toml", "--direct"],
    "pull": ["pull", "--direct"],
    "sync": ["sync", "exam", "--direct"],
    "sync on a schedule": ["sync", "exam", "--cron", "0 * * * *"],
    "close": ["close", "exam"],
    "people add": ["people", "add", "p1"],
    "push with Prefect": ["push", "round.toml"],
    "pull with Prefect": ["pull"],
    "sync with Prefect": ["sync", "exam"],
}


@pytest.fixture
def answers():
    """A server that is no Label Studio: `.status`, `.body` and `.headers` of all its answers can be set."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_GET(self):
            server.asked += 1
            self.send_response(server.status)
            for name, value in server.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(server.body)))
            self.end_headers()
            self.wfile.write(server.body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.status, server.body, server.headers, server.asked = 200, b"{}", {}, 0
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def say(tmp_path, monkeypatch, capsys):
    """Say a command; returns its exit code and what it said. Neither Prefect nor a schedule is ever reached."""
    (tmp_path / "round.toml").write_text(ROUND, "utf-8")
    (tmp_path / "gold.jsonl").write_text(json.dumps({"id": "g", "text": "正文。", "label": 5}) + "\n", "utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(transport, "WAITS", (0.01, 0.01))
    monkeypatch.setattr(annotation_runtime, "prepare", lambda _: pytest.fail("Prefect is being started"))
    for name in ("QINGYUAN_LABELSTUDIO_URL", "LABEL_STUDIO_URL", "LABEL_STUDIO_API_KEY"):
        monkeypatch.delenv(name, raising=False)

    def carry_out(verb, url, token="0" * 40):
        monkeypatch.setenv("QINGYUAN_LABELSTUDIO_TOKEN", token)
        if url is not None:
            monkeypatch.setenv("QINGYUAN_LABELSTUDIO_URL", url)
        return main(["annotate", *VERBS[verb]]), capsys.readouterr().err

    return carry_out


@pytest.mark.parametrize("verb", VERBS)
def test_without_an_address_it_says_which_variables_are_wanted(say, verb):
    code, error = say(verb, None)
    assert code == 2
    assert "Set QINGYUAN_LABELSTUDIO_URL and QINGYUAN_LABELSTUDIO_TOKEN" in error


@pytest.mark.parametrize("verb", VERBS)
def test_where_nobody_listens_is_said_after_a_few_attempts(say, answers, verb):
    port = answers.server_port
    answers.socket.close()
    code, error = say(verb, f"http://127.0.0.1:{port}")
    assert code == 3
    assert f"Label Studio at http://127.0.0.1:{port} failed 3 times" in error


@pytest.mark.parametrize(
    ("status", "body", "code", "words", "asked"),
    [
        (401, b'{"detail": "Invalid token."}', 2, "Is the token an operator's", 1),
        (403, b"{}", 2, "refuses GET /api/qingyuan/revisions/ (403)", 1),
        (404, b"not here", 2, "does not keep annotators blind", 1),
        (200, b"<html>another site</html>", 3, "failed 3 times", 3),
        (502, b"bad gateway", 3, "it answered 502: bad gateway", 3),
        (200, b"{}", 2, "is no Label Studio with our app", 1),
    ],
)
def test_a_server_that_refuses_us_or_is_another_is_named_with_what_it_said(
    say, answers, status, body, code, words, asked
):
    answers.status, answers.body = status, body
    url = f"http://127.0.0.1:{answers.server_port}"
    found, error = say("pull", url)
    assert (found, answers.asked) == (code, asked)
    assert words in error
    assert url in error


@pytest.mark.parametrize("url", ["localhost:8080", "ftp://127.0.0.1", "http://", "http://[::1"])
def test_an_address_that_is_none_is_a_wrong_request(say, url):
    code, error = say("pull", url)
    assert code == 2
    assert "is no address of a Label Studio" in error


def test_a_busy_server_says_how_long_to_wait_and_is_obeyed(say, answers, monkeypatch):
    slept = []
    monkeypatch.setattr(transport.time, "sleep", slept.append)
    monkeypatch.setattr(transport.Transport, "__init__", _with_sleep(transport.Transport.__init__, slept.append))
    answers.status, answers.headers = 429, {"Retry-After": "7"}
    assert say("pull", f"http://127.0.0.1:{answers.server_port}")[0] == 3
    assert slept == [7, 7]


def _with_sleep(proper, sleep):
    return lambda self, url, token: proper(self, url, token, sleep)


def test_a_name_that_is_no_pseudonym_is_refused_before_anything_is_asked(answers, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("QINGYUAN_LABELSTUDIO_URL", f"http://127.0.0.1:{answers.server_port}")
    monkeypatch.setenv("QINGYUAN_LABELSTUDIO_TOKEN", "x")
    assert main(["annotate", "people", "add", "p1", "P2", "--workspace", str(tmp_path)]) == 2
    assert "'P2' is no pseudonym" in capsys.readouterr().err
    assert answers.asked == 0


@pytest.mark.parametrize("score", ["3", "-0.1", "nan"])
def test_an_exam_with_a_score_that_is_no_share_is_refused(score, tmp_path, capsys):
    with session(open_registry(tmp_path)) as opened:
        add_person(opened, "p1")
    words = ["--kind", "quality", "--rule-version", "1", "--evidence", "papers", f"--score={score}"]
    assert main(["annotate", "people", "qualify", "p1", *words, "--workspace", str(tmp_path)]) == 2
    assert "from 0 to 1" in capsys.readouterr().err
