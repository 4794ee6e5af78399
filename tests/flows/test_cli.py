"""The command line as a user meets it: another process, its output, its exit code."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from flows.cli import main, memory_bytes

ROOT = Path(__file__).resolve().parents[2]
TEXT = "清晨的雾气还没有散去，渔民已经把第一网鱼拉上了岸，码头上的灯一盏接一盏地熄灭，新的一天就这样开始了。" * 2


def qingyuan(*arguments, code=None):
    command = [sys.executable, "-m", "flows.cli"] if code is None else [sys.executable, "-c", code]
    return subprocess.run(
        [*command, *map(str, arguments)], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.fixture
def recipe(tmp_path):
    lines = [json.dumps({"text": TEXT}, ensure_ascii=False), "no json"]
    (tmp_path / "in.jsonl").write_text("\n".join(lines), "utf-8")
    path = tmp_path / "recipe.toml"
    path.write_text(
        '[recipe]\nname = "r"\n[[sources]]\nname = "s"\npath = "in.jsonl"\nmax_quarantined_share = 0.5\n'
        '[[rules]]\nreason = "too_short"\nattribute = "length.text_chars"\nat_least = 20\n'
    )
    return path


def run(recipe, *options):
    return qingyuan("run", recipe, "--workspace", recipe.parent / "ws", "--direct", *options)


def test_help_comes_without_loading_what_a_run_needs():
    heavy = ["numpy", "pyarrow", "numba", "prefect", "pydantic", "rich"]
    code = f"""
import sys
from flows.cli import main
try:
    main(["--help"])
except SystemExit:
    print([name for name in {heavy} if name in sys.modules], file=sys.stderr)
"""
    done = qingyuan(code=code)

    assert done.stderr.strip() == "[]"
    assert "清源" in done.stdout


def test_json_is_the_only_thing_on_stdout(recipe):
    done = run(recipe, "--json")

    summary = json.loads(done.stdout)
    assert (done.returncode, summary["documents"]) == (0, {"in": 2, "kept": 1, "dropped": 0, "quarantined": 1})
    assert json.loads((recipe.parent / "ws/runs/r/run.json").read_text()) == summary
    assert "scan" in done.stderr


def test_a_summary_warns_of_what_could_not_be_read(recipe):
    done = run(recipe, "--quiet")

    assert (done.returncode, done.stderr) == (0, "")
    assert "warning: 1 records could not be read" in done.stdout


def test_a_source_with_too_much_quarantined_ends_with_3(recipe):
    recipe.write_text(recipe.read_text().replace("0.5", "0.1"))

    done = run(recipe)

    assert done.returncode == 3
    assert 'FAILED: source "s": 50.0% of its records are quarantined' in done.stdout


def test_a_wrong_recipe_ends_with_2_and_says_what_is_meant(recipe):
    recipe.write_text(recipe.read_text().replace("at_least", "atleast"))

    done = run(recipe)

    assert (done.returncode, done.stdout) == (2, "")
    assert 'unknown key; did you mean "at_least"?' in done.stderr


def test_an_unknown_run_or_document_ends_with_2(recipe):
    run(recipe)

    for arguments in (["explain", "nobody"], ["replay", "other", "--policy", "web"], ["report", "other"]):
        done = qingyuan(*arguments, "--workspace", recipe.parent / "ws")
        assert done.returncode == 2
        assert done.stderr.startswith(f"qingyuan {arguments[0]}: ")


def test_the_doctor_finds_everything_well_here(tmp_path):
    done = qingyuan("doctor", "--workspace", tmp_path, "--json")

    assert done.returncode == 0
    wanted = [
        "Python",
        "language model",
        "quality model",
        "safety models",
        "segmenter",
        "script conversion",
        "Prefect",
        "workspace",
    ]
    assert {finding["what"]: finding["well"] for finding in json.loads(done.stdout)} == dict.fromkeys(wanted, True)


def test_the_doctor_says_what_is_wrong(tmp_path):
    (tmp_path / "file").write_text("")

    done = qingyuan("doctor", "--workspace", tmp_path / "file")

    assert done.returncode == 3
    assert "FAIL  workspace" in done.stdout


@pytest.mark.parametrize(
    ("text", "size"), [("1.5GB", 1_500_000_000), ("800MiB", 800 * 2**20), ("64", 64), ("2 k", 2000)]
)
def test_sizes_are_read_as_people_write_them(text, size):
    assert memory_bytes(text) == size


def test_a_workspace_elsewhere_is_refused_instead_of_becoming_a_folder_of_that_name(tmp_path):
    with pytest.raises(SystemExit, match="2"):
        main(["doctor", "--workspace", f"memory://{tmp_path}"])


@pytest.mark.parametrize("fault", ["workspace", "protocol"])
def test_a_place_that_cannot_be_used_is_a_wrong_request(recipe, fault):
    if fault == "workspace":
        (recipe.parent / "ws").write_text("a file")
    else:
        recipe.write_text(recipe.read_text().replace("in.jsonl", "nosuch://bucket/a.jsonl"))

    done = run(recipe)

    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
