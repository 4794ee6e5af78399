"""The registry: what must never be false is refused by the database, the audit cannot be changed unseen."""

from datetime import timedelta

import pytest
from sqlalchemy import CheckConstraint, UniqueConstraint, inspect, text

from pipeline.database import check_audit, now, open_registry, record, session
from pipeline.errors import LedgerError, RecipeError
from pipeline.registry import (
    Answer,
    Assignment,
    Audit,
    Contributor,
    IntegrityError,
    Item,
    Qualification,
    Registry,
    Round,
    SQLAlchemyError,
    select,
    update,
)


@pytest.fixture
def registry(tmp_path):
    engine = open_registry(tmp_path)
    with session(engine) as opened:
        opened.add_all([Contributor(id="p1", since=now()), Contributor(id="p2", since=now())])
        opened.add(Round(id=1, name="r", kind="quality", rule_version="1", seed=1, design={}, opened_at=now()))
        opened.flush()
        opened.add(Item(id=1, round=1, document="d", probability=0.5, overlap=2))
        opened.flush()
        opened.add(assignment("p1", "annotator", key="k1", id=1))
    yield engine
    engine.dispose()


def assignment(contributor, role, key="k", **more):
    return Assignment(item=1, contributor=contributor, role=role, key=key, place=0, issued_at=now(), **more)


def answer(**more):
    return Answer(
        **{
            "assignment": 1,
            "annotation": 7,
            "sequence": 1,
            "revision": 1,
            "at": now(),
            "valid": True,
            "label": {},
            **more,
        }
    )


def exam(**more):
    said = {"contributor": "p1", "kind": "safety", "rule_version": "1", "role": "annotator", "score": 0.9,
            "passed": True, "taken_at": now(), "valid_until": now() + timedelta(1), "evidence": "exam"}  # fmt: skip
    return Qualification(**{**said, **more})


@pytest.mark.parametrize(
    "row",
    [
        lambda: assignment("p1", "reviewer"),  # the annotator of the item
        lambda: assignment("p2", "owner"),
        lambda: assignment("p3", "annotator"),  # nobody we know
        lambda: assignment("p2", "annotator", key="k1"),  # another's task
        lambda: Item(round=1, document="d", probability=0.5, overlap=2),  # the same document twice
        lambda: Item(round=1, document="e", probability=0.0, overlap=2),
        lambda: Item(round=1, document="e", probability=1.0, overlap=1, is_gold=True),  # gold without an answer
        lambda: answer(label=None),
        lambda: answer(refusal="no choice"),  # refused and valid
        lambda: exam(score=1.2),
        lambda: exam(valid_until=now() - timedelta(days=1)),
        lambda: Round(name="s", kind="k", rule_version="1", seed=1, design={}, opened_at=now(), state="odd"),
    ],
)
def test_what_must_never_be_is_refused_by_the_database(registry, row):
    with pytest.raises(IntegrityError), session(registry) as opened:
        opened.add(row())


def test_one_revision_of_an_answer_is_the_latest_and_none_can_be_removed(registry):
    with session(registry) as opened:
        opened.add(answer())
    with pytest.raises(IntegrityError), session(registry) as opened:
        opened.add(answer(revision=2, sequence=2))
    with session(registry) as opened:
        opened.execute(update(Answer).values(latest=False))
        opened.add(answer(revision=2, sequence=2))
    with pytest.raises(IntegrityError, match="append-only"), session(registry) as opened:
        opened.execute(text("DELETE FROM answer"))
    with session(registry) as opened:
        assert [(row.revision, row.latest) for row in opened.scalars(select(Answer))] == [(1, False), (2, True)]


def test_the_audit_is_only_added_to_and_a_changed_row_is_found(registry):
    with session(registry) as opened:
        record(opened, "operator", "opened", round="r")
        record(opened, "operator", "pushed", tasks=3, note="三条")
    with pytest.raises(IntegrityError, match="append-only"), session(registry) as opened:
        opened.execute(update(Audit).values(actor="nobody"))
    with session(registry) as opened:
        assert check_audit(opened) == 2
        opened.execute(text("DROP TRIGGER audit_no_UPDATE"))
        opened.execute(text("UPDATE audit SET detail = '{\"tasks\": 2}' WHERE seq = 2"))
    with pytest.raises(LedgerError, match="row 2"), session(registry) as opened:
        check_audit(opened)


def test_the_migrations_make_exactly_the_tables_of_the_models(registry):
    found = inspect(registry)
    for table in Registry.metadata.sorted_tables:
        columns = {column["name"]: bool(column["nullable"]) for column in found.get_columns(table.name)}
        assert columns == {column.name: bool(column.nullable) for column in table.columns}
        checks = {check["name"] for check in found.get_check_constraints(table.name)}
        assert checks == {str(c.name) for c in table.constraints if isinstance(c, CheckConstraint)}
        uniques = {unique["name"] for unique in found.get_unique_constraints(table.name)}
        assert uniques == {str(c.name) for c in table.constraints if isinstance(c, UniqueConstraint)}
    assert set(found.get_table_names()) == {*Registry.metadata.tables, "alembic_version"}


@pytest.mark.usefixtures("registry")
def test_opening_again_changes_nothing_and_tables_of_a_newer_program_are_refused(tmp_path):
    with session(open_registry(tmp_path)) as opened:
        assert [row.id for row in opened.scalars(select(Contributor))] == ["p1", "p2"]
        opened.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(RecipeError, match="9999, which a newer Qingyuan made"):
        open_registry(tmp_path)


def test_any_database_is_named_by_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("QINGYUAN_REGISTRY", f"sqlite:///{tmp_path / 'elsewhere.db'}")
    open_registry(tmp_path).dispose()
    assert [path.name for path in tmp_path.glob("*.db")] == ["elsewhere.db"]
    monkeypatch.setenv("QINGYUAN_REGISTRY", "nonsense")
    with pytest.raises(RecipeError, match="QINGYUAN_REGISTRY"):
        open_registry(tmp_path)


def test_a_transaction_is_kept_whole_or_not_at_all(registry):
    with pytest.raises(SQLAlchemyError), session(registry) as opened:  # noqa: PT012 - the second must undo the first
        opened.add(Contributor(id="p9", since=now()))
        opened.flush()
        opened.add(assignment("nobody", "annotator"))
    with session(registry) as opened:
        assert opened.get(Contributor, "p9") is None
