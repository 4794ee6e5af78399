"""Sources and their papers: what each class must show, until when, and files that say it, there and back."""

import shutil
import tomllib
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filters.domain import DOMAINS
from flows.source_fields import FIELDS
from pipeline.clauses import CLAUSES
from pipeline.database import check_audit, open_registry, session
from pipeline.errors import GateError, RecipeError
from pipeline.registry import IntegrityError, Paper, Source, select
from pipeline.registry import sources as tables
from pipeline.sources.demands import DEMANDS
from pipeline.sources.paper_store import keep_paper, paper_path
from pipeline.sources.records import bar, check_papers, enter, entry_of, find_source, lift, list_sources
from pipeline.sources.refusal import NAMED, refuse_barred
from pipeline.sources.source_file import (
    LISTS,
    BatchEntry,
    PaperEntry,
    SourceEntry,
    SourcesFile,
    read_sources,
    source_from,
    to_csv,
    to_toml,
)

SAMPLE = Path(__file__).resolve().parents[2] / "sample_data"
DAY = date(2026, 11, 22)
CLEARED = {"ip_owner": "legal", "ip_review": "cleared", "ip_reviewed": "2026-11-01"}


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    """A registry with nothing in it, to be copied: making its tables takes longer than most tests."""
    folder = tmp_path_factory.mktemp("empty")
    open_registry(folder).dispose()
    return folder / "registry.db"


@pytest.fixture
def engine(tmp_path, empty):
    shutil.copy(empty, tmp_path)
    made = open_registry(tmp_path)
    yield made
    made.dispose()


@pytest.fixture
def file(tmp_path):
    def write(name="paper.txt", text="a paper"):
        (tmp_path / name).write_text(text, "utf-8")
        return str(tmp_path / name)

    return write


def lacks(opened, workspace, entry, day=DAY, name="s"):
    enter(opened, workspace, source_from({"name": name, **CLEARED, **entry}, "test"), workspace)
    return [(lack.about, lack.state) for lack in check_papers(opened, workspace, name, day).lacks]


def papers(file, *kinds, **more):
    return [{"kind": kind, "file": file(f"{kind}.txt", kind), **more} for kind in kinds]


COMPLETE = {
    "open": ({"licence": "CC-BY-4.0"}, ["licence"]),
    "self_crawled": (
        {"collector": "us", "method": "crawler 3", "collected_from": "2026-01-01", "robots": "allowed"},
        ["collection_record", "robots"],
    ),
    "self_made": ({"collector": "us", "method": "written", "collected_from": "2026-01-01"}, ["collection_record"]),
    "commercial": (
        {"contract": "7", "contract_party": "A", "contract_use": "training", "contract_until": "2027-01-31"},
        ["contract", "commitments"],
    ),
    "user_input": ({"authorisations": [{"batch": "b1", "granted": "2026-02-01"}]}, ["user_agreement"]),
    "public_data": (
        {"operation": "authorised", "registration_code": "R1", "authorised_use": "training",
         "authorised_until": "2027-06-30"},
        ["authorisation", "registration"],
    ),
    "synthetic": ({"generator": "m@1"}, ["generator_record", "generator_licence", "safety_assessment"]),
}  # fmt: skip
"""By class: what is enough."""


@pytest.mark.parametrize("kind", COMPLETE)
def test_each_class_shows_its_papers_and_without_any_one_of_them_it_lacks_it(engine, tmp_path, file, kind):
    said, kinds = COMPLETE[kind]
    with session(engine) as opened:
        assert lacks(opened, tmp_path, {"class": kind, **said, "papers": papers(file, *kinds)}) == []
        for number, left_out in enumerate([*said, *kinds]):
            if left_out == "robots":
                continue  # its bytes are asked for at once
            some = {name: value for name, value in said.items() if name != left_out}
            rest = papers(file, *[one for one in kinds if one != left_out])
            found = lacks(opened, tmp_path, {"class": kind, **some, "papers": rest}, name=f"without-{number}")
            assert len(found) == (left_out in said) + (left_out in kinds), (left_out, found)


def test_what_robots_disallows_is_never_complete(engine, tmp_path, file):
    said, kinds = COMPLETE["self_crawled"]
    with session(engine) as opened:
        found = lacks(opened, tmp_path, {"class": "self_crawled", **said, "robots": "disallowed",
                                         "papers": papers(file, *kinds)})  # fmt: skip
    assert found == [("robots disallowed", "refused")]


def test_a_paper_expires_is_revoked_is_lost_and_a_newer_one_takes_its_place(engine, tmp_path, file):
    entry = {"class": "open", "licence": "CC0-1.0"}
    first = papers(file, "licence", valid_until="2026-11-21")
    with session(engine) as opened:
        assert lacks(opened, tmp_path, {**entry, "papers": first}) == [("paper licence", "expired")]
        assert lacks(opened, tmp_path, {**entry, "papers": first}, DAY - timedelta(1)) == []
        second = [{"kind": "licence", "file": file("new.txt", "new"), "valid_until": "2027-01-31"}]
        assert lacks(opened, tmp_path, {**entry, "papers": first + second}) == []
        checked = check_papers(opened, tmp_path, "s", DAY)
        assert (checked.until, dict(checked.ends)) == (date(2027, 1, 31), {"paper licence": date(2027, 1, 31)})
        second[0]["revoked"] = "2026-11-20"
        assert lacks(opened, tmp_path, {**entry, "papers": first + second}) == [("paper licence", "revoked")]
        del second[0]["revoked"]  # who says it again cannot take the revocation back
        assert lacks(opened, tmp_path, {**entry, "papers": first + second}) == [("paper licence", "revoked")]
        third = [{"kind": "licence", "file": file("third.txt", "third")}]
        assert lacks(opened, tmp_path, {**entry, "papers": third}) == []
        path = paper_path(tmp_path, sha256(b"third").hexdigest())
        assert [oct(one.stat().st_mode & 0o777) for one in (path, path.parent, tmp_path / "papers")] == [
            "0o600", "0o700", "0o700",
        ]  # fmt: skip
        path.write_bytes(b"forged")
        assert lacks(opened, tmp_path, entry) == [("paper licence", "lost")]


def test_a_batch_of_users_ends_with_its_revocation(engine, tmp_path, file):
    entry = {"class": "user_input", "papers": papers(file, "user_agreement")}
    batch = {"batch": "b", "granted": "2026-01-01"}
    with session(engine) as opened:
        assert lacks(opened, tmp_path, {**entry, "authorisations": [batch]}) == []
        gone = [{**batch, "revoked": "2026-11-22"}]
        assert lacks(opened, tmp_path, {**entry, "authorisations": gone}) == [("authorisation of users", "revoked")]
        assert lacks(opened, tmp_path, {**entry, "authorisations": [batch]}, DAY - timedelta(1)) == []
        other = [{**batch, "batch": "c", "use": "other"}]
        assert lacks(opened, tmp_path, {**entry, "authorisations": other}) == [("authorisation of users", "revoked")]


def test_sensitive_personal_information_takes_more_papers(engine, tmp_path, file):
    entry = {"class": "open", "licence": "CC0-1.0", "personal": "sensitive", "personal_ground": "consent"}
    with session(engine) as opened:
        found = lacks(opened, tmp_path, {**entry, "papers": papers(file, "licence")})
        assert found == [("paper impact_assessment", "missing"), ("paper separate_consent", "missing")]
        with pytest.raises(RecipeError, match="needs a ground"):
            lacks(opened, tmp_path, {**entry, "personal_ground": None})


def test_the_source_itself_has_a_term_and_no_licence_is_none(engine, tmp_path, file):
    entry = {"class": "open", "licence": "CC0-1.0", "papers": papers(file, "licence"), "expires": "2026-11-22"}
    with session(engine) as opened:
        assert lacks(opened, tmp_path, entry) == []
        assert lacks(opened, tmp_path, entry, DAY + timedelta(1)) == [("expires", "expired")]
        assert lacks(opened, tmp_path, {**entry, "licence": "NOASSERTION"}) == [("licence NOASSERTION", "refused")]


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"class": "opn"}, 'did you mean "open"'),
        ({"class": "open", "domain": "medcine"}, 'did you mean "medicine"'),
        ({"class": "open", "licens": "MIT"}, 'unknown key; did you mean "licence"'),
        ({"class": "open", "collected_from": "2026-13-01"}, "collected_from"),
        ({"class": "open", "collected_from": "2026-02-01", "collected_to": "2026-01-01"}, "is before"),
        ({"class": "self_crawled", "robots": "allowed"}, "--paper robots=robots.txt"),
        ({"class": "open", "ip_review": "cleared"}, "go together"),
        ({"class": "open", "papers": [{"kind": "licence"}]}, "needs a file"),
        ({"class": "open", "papers": [{"kind": "licence", "file": "nowhere"}]}, "cannot be read"),
        ({"class": "open", "papers": [{"kind": "license", "file": "x"}]}, 'did you mean "licence"'),
    ],
)
def test_what_is_wrong_is_said_with_the_nearest_right_word(engine, tmp_path, said, message):
    with pytest.raises(RecipeError, match=message), session(engine) as opened:
        enter(opened, tmp_path, source_from({"name": "s", **said}, "test"), tmp_path)


def test_another_name_of_a_source_is_answered_with_the_nearest(engine, tmp_path):
    with session(engine) as opened:
        lacks(opened, tmp_path, {"class": "open"})
        with pytest.raises(RecipeError, match='did you mean "s"'):
            find_source(opened, "ss")


@pytest.mark.parametrize(
    "row",
    [
        lambda: Source(**ROW, kind="odd"),
        lambda: Source(**ROW, kind="open", robots="allowed"),
        lambda: Source(**{**ROW, "personal": "present"}, kind="open"),
        lambda: Source(**ROW, kind="open", barred_why="no date"),
        lambda: Source(**{**ROW, "ip_review": "cleared"}, kind="open"),
        lambda: Paper(source="nobody", kind="licence", sha256="0" * 64, name="x", added_at=tables.datetime(2026, 1, 1)),
    ],
)
def test_the_database_refuses_it_too(engine, row):
    with pytest.raises(IntegrityError), session(engine) as opened:
        opened.add(row())


ROW = {
    "name": "s", "language": "zh", "domain": "law", "jurisdiction": "domestic", "personal": "none",
    "ip_review": "pending", "added_at": tables.datetime(2026, 1, 1),
}  # fmt: skip


def test_words_are_the_same_in_forms_tables_and_options():
    forms = {
        "kind": tables.CLASSES, "domain": tables.SUBJECTS, "jurisdiction": tables.JURISDICTIONS,
        "personal": tables.PERSONAL, "ip_review": tables.REVIEWS_OF_PROPERTY,
    }  # fmt: skip
    assert {name: get_args(SourceEntry.model_fields[name].annotation) for name in forms} == forms
    assert get_args(PaperEntry.model_fields["kind"].annotation) == tables.PAPERS
    assert set(tables.SUBJECTS) == {*DOMAINS, "mixed", "other"}
    fields = [field.alias or name for name, field in SourceEntry.model_fields.items()]
    options = [name.replace("-", "_") for name, _ in FIELDS]
    assert options == [name for name in fields if name not in {"name", "barred", *LISTS}]
    from pipeline.database import URL

    assert NAMED == URL


def test_every_class_must_show_something_and_no_unread_clause_has_a_number():
    for kind in tables.CLASSES:
        assert [one.id for one in DEMANDS if kind in one.classes] != [], kind
    assert {word for one in DEMANDS for word in one.papers} <= set(tables.PAPERS)
    assert {clause.number for clause in CLAUSES.values() if clause.verified == "R"} == {""}
    assert [
        clause.cited for clause in CLAUSES.values() if clause.verified == "R" and "not verified" not in clause.cited
    ] == []
    assert CLAUSES["before"].cited == "GB/T 45654-2025 4.1"


def test_a_barred_source_is_refused_and_reading_a_file_lifts_no_bar(engine, tmp_path):
    refuse_barred(tmp_path, ["s", "unknown"])
    with session(engine) as opened:
        lacks(opened, tmp_path, {"class": "open"})
        bar(opened, "s", "complaint 7")
        lift(opened, "s", "settled")
        with pytest.raises(RecipeError, match="nobody has barred"):
            lift(opened, "s", "settled")
        bar(opened, "s", "complaint 8")
        lacks(opened, tmp_path, {"class": "open"})
    with pytest.raises(GateError, match="complaint 8"):
        refuse_barred(tmp_path, ["s"])
    with session(engine) as opened:
        lift(opened, "s", "settled")
        assert check_audit(opened) > 3
    refuse_barred(tmp_path, ["s"])


def test_where_nothing_was_entered_nothing_is_opened(tmp_path, monkeypatch):
    monkeypatch.delenv(NAMED, raising=False)
    refuse_barred(tmp_path, ["s"])
    assert list(tmp_path.iterdir()) == []


def test_papers_and_sources_are_never_removed(engine, tmp_path, file):
    from sqlalchemy import text

    with session(engine) as opened:
        lacks(opened, tmp_path, {"class": "open", "papers": papers(file, "licence")})
    for table in ("paper", "source"):
        with pytest.raises(IntegrityError, match="append-only"), session(engine) as opened:
            opened.execute(text(f"DELETE FROM {table}"))


def test_a_paper_is_no_data_set(tmp_path):
    (tmp_path / "empty").touch()
    with pytest.raises(RecipeError, match="has 0 bytes"):
        keep_paper(tmp_path, tmp_path / "empty")


def words(longest):
    return st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=longest)


DATES = st.dates(date(1990, 1, 1), date(2100, 1, 1))
DIGESTS = st.text("0123456789abcdef", min_size=64, max_size=64)
MAYBE = st.one_of(st.none(), words(40))


def entry(**said):
    """A source: not the class itself, of whose signature hypothesis would take the word `kind` for a key."""
    return SourceEntry(**said)


ENTRIES = st.builds(
    entry,
    **{"class": st.sampled_from(tables.CLASSES)},
    name=st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9_.-]{0,20}\Z"), language=words(5),
    domain=st.sampled_from(tables.SUBJECTS), expires=st.one_of(st.none(), DATES),
    jurisdiction=st.sampled_from(tables.JURISDICTIONS), origin=MAYBE, collector=MAYBE, method=MAYBE, contract=MAYBE,
    contract_party=MAYBE, contract_until=st.one_of(st.none(), DATES), generator=MAYBE,
    papers=st.lists(
        st.builds(PaperEntry, kind=st.sampled_from(tables.PAPERS), sha256=DIGESTS, name=words(20),
                  valid_until=st.one_of(st.none(), DATES), revoked=st.one_of(st.none(), DATES)),
        max_size=3, unique_by=lambda one: (one.kind, one.sha256)).map(tuple),
    authorisations=st.lists(
        st.builds(BatchEntry, batch=words(20), granted=DATES, use=st.sampled_from(tables.USES)),
        max_size=2, unique_by=lambda one: one.batch).map(tuple),
)  # fmt: skip


@settings(max_examples=30, deadline=None)
@given(st.lists(ENTRIES, max_size=3, unique_by=lambda one: one.name))
def test_files_say_back_exactly_what_was_written(tmp_path_factory, sources):
    folder = tmp_path_factory.getbasetemp()
    for name, write in (("x.toml", to_toml), ("x.csv", to_csv)):
        Path(folder / name).write_bytes(write(sources).encode())
        assert read_sources(folder / name) == tuple(sources)


@settings(max_examples=10, deadline=None)
@given(st.lists(ENTRIES, max_size=2, unique_by=lambda one: one.name.lower()))
def test_what_is_entered_is_listed_as_it_was_said(tmp_path_factory, empty, sources):
    folder = tmp_path_factory.mktemp("registry")
    shutil.copy(empty, folder)
    with session(open_registry(folder)) as opened:
        for one in sources:
            enter(opened, folder, one, folder)
        assert list_sources(opened) == sorted(sources, key=lambda one: one.name)
        assert [enter(opened, folder, entry_of(opened, one), folder) for one in opened.scalars(select(Source))] == [
            [] for _ in sources
        ]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("x.txt", "", "read from .toml or .csv"),
        ("x.csv", "row,name,clas\nsource,s,open\n", "unknown column clas"),
        ("x.csv", "row,name,paper\npaper,s,licence\n", "of a source above"),
        ("x.csv", "row,name,class\nsource,s,open\nsource,s,open\n", "there twice"),
        ("x.toml", '[[sources]]\nname = "s"\nclass = "open"\n[[sources]]\nname = "s"\nclass = "open"\n', "twice"),
        ("x.toml", "sources = 3", "sources"),
    ],
)
def test_a_wrong_file_is_refused(tmp_path, name, text, message):
    (tmp_path / name).write_text(text, "utf-8")
    with pytest.raises(RecipeError, match=message):
        read_sources(tmp_path / name)


def test_an_empty_file_names_no_source(tmp_path):
    assert SourcesFile().sources == ()
    (tmp_path / "x.toml").touch()
    assert read_sources(tmp_path / "x.toml") == ()


def test_the_sources_of_the_sample_come_with_all_their_papers(engine, tmp_path):
    recipe = tomllib.loads((SAMPLE / "recipe.toml").read_text("utf-8"))
    with session(engine) as opened:
        for one in read_sources(SAMPLE / "sources.toml"):
            enter(opened, tmp_path, one, SAMPLE)
        names = [one["name"] for one in recipe["sources"]]
        lacking = {name: check_papers(opened, tmp_path, name, DAY).lacks for name in names}
        assert lacking == dict.fromkeys(names, ())
