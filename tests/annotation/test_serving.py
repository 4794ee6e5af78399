"""The server that `annotate up` starts: only here, only once, and silent about its secrets."""

import json
import stat
import sys

import pytest

from annotation.serving import PYTHON_VARIABLE, Server
from flows.cli import main
from pipeline.errors import RecipeError


@pytest.mark.service
def test_a_busy_port_is_refused_and_not_left_for_the_next(label_studio, tmp_path, capsys):
    port = label_studio.url.rpartition(":")[2]
    assert main(["annotate", "up", "--workspace", str(tmp_path), "--port", port]) == 2
    assert f"port {port} on 127.0.0.1 is taken; choose another by --port" in capsys.readouterr().err


@pytest.mark.service
def test_two_servers_never_share_a_folder(label_studio):
    with pytest.raises(RecipeError, match="another process serves"):
        Server(label_studio.folder).start()


@pytest.mark.service
def test_secrets_are_the_owners_and_in_no_log(label_studio):
    operator, log = label_studio.operator, label_studio.log.read_text("utf-8")
    assert stat.S_IMODE(label_studio.secrets.stat().st_mode) == 0o600
    assert stat.S_IMODE(label_studio.folder.stat().st_mode) & 0o077 == 0
    assert [secret for secret in (operator.password, operator.token) if secret in log] == []
    assert sorted(json.loads(label_studio.secrets.read_text("utf-8"))) == ["email", "password", "token"]


def test_half_an_environment_is_said_with_what_to_do(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv(PYTHON_VARIABLE, sys.executable)  # a Python, and no Label Studio in it
    assert main(["annotate", "up", "--workspace", str(tmp_path), "--port", "0"]) == 3
    said = capsys.readouterr().err
    assert "No module named 'label_studio'" in said
    assert "`make labelstudio`" in said


def test_a_missing_environment_is_said_with_what_to_do(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv(PYTHON_VARIABLE, str(tmp_path / "nothing"))
    assert main(["annotate", "up", "--workspace", str(tmp_path)]) == 2
    assert "`make labelstudio`" in capsys.readouterr().err
