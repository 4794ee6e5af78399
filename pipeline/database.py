"""Opening the registry: SQLite in the workspace or any database by URL, with the newest tables. Door to Alembic."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson

from pipeline.errors import LedgerError, RecipeError, ServiceError
from pipeline.registry import (
    Audit,
    Engine,
    Session,
    SQLAlchemyError,
    create_engine,
    event,
    make_url,
    select,
)

URL = "QINGYUAN_REGISTRY"
"""Environment variable: a SQLAlchemy URL; by default `registry.db` in the workspace."""
BUSY_SECONDS = 60
"""How long one command waits for another's transaction."""
LOCK = 8_105_716
"""Of the registry, among the advisory locks of its PostgreSQL database."""
FIRST_SEAL = "0" * 64
MIGRATIONS = Path(__file__).parent / "migrations"


def now() -> datetime:
    """Return the time as the registry keeps it: UTC, without a zone."""
    return datetime.now(UTC).replace(tzinfo=None)


def open_registry(workspace: Path) -> Engine:
    """Open the registry and bring its tables up to date.

    Raises:
        RecipeError: the URL makes no sense, or the tables are of a newer version than this program.
        ServiceError: the database does not answer.
    """
    url = os.environ.get(URL)
    if url is None:
        workspace.mkdir(parents=True, exist_ok=True)
        url = f"sqlite:///{(workspace / 'registry.db').absolute()}"
    try:
        address = make_url(url)
        engine = create_engine(address)
    except (SQLAlchemyError, ImportError) as error:
        raise RecipeError(f"{URL}: no database URL that can be used here: {error}") from error
    if address.get_backend_name() == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_writing)
        if address.database and address.database != ":memory:":
            Path(address.database).touch(mode=0o600)
    elif address.get_backend_name() == "postgresql":
        event.listen(engine, "begin", _one_at_a_time)
    try:
        _upgrade(engine)
    except SQLAlchemyError as error:
        shown = address.render_as_string(hide_password=True)
        raise ServiceError(f"the registry at {shown} does not answer: {error}") from error
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:  # noqa: ANN401 - whatever the driver gives
    connection.isolation_level = None  # transactions are begun by us: Python's driver begins them too late
    for pragma in (
        "foreign_keys = ON",
        "journal_mode = WAL",
        "synchronous = FULL",
        f"busy_timeout = {BUSY_SECONDS}000",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_writing(connection: Any) -> None:  # noqa: ANN401
    # At once for writing: two commands that read first and write later would fail on each other without waiting.
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _one_at_a_time(connection: Any) -> None:  # noqa: ANN401
    # As SQLite does: who pays reads first what was paid, and nobody may pay in between. Held until it ends.
    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK})")


def _upgrade(engine: Engine) -> None:
    with engine.begin() as connection:
        if connection.dialect.has_table(connection, "alembic_version"):
            present = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
            if present == newest_version():
                return  # nearly always; Alembic takes as long to import as everything else that a short command needs
        _migrate(connection)


def newest_version() -> str:
    """Return the version of the tables that this program works with, from the name of the last migration."""
    names = (path.stem for path in (MIGRATIONS / "versions").glob("v[0-9]*.py"))
    return max(name[1:].partition("_")[0] for name in names)


def _migrate(connection: Any) -> None:  # noqa: ANN401 - SQLAlchemy's, past whose door we stand
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415
    from alembic.runtime.migration import MigrationContext  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    script = ScriptDirectory.from_config(config)
    present = MigrationContext.configure(connection).get_current_revision()
    if present is not None and present not in {step.revision for step in script.walk_revisions()}:
        raise RecipeError(f"the registry's tables are of version {present}, which a newer Qingyuan made; use that")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


@contextmanager
def session(engine: Engine) -> Iterator[Session]:
    """Open a transaction: kept as a whole, or after an error not at all."""
    with Session(engine, expire_on_commit=False) as opened, opened.begin():
        yield opened


def seal_of(seq: int, at: str, actor: str, action: str, detail: dict[str, Any], previous: str) -> str:
    """Return the seal of a row of the audit: the sha256 of its content as JSON, with the seal of the row before."""
    return sha256(orjson.dumps([seq, at, actor, action, detail, previous], option=orjson.OPT_SORT_KEYS)).hexdigest()


def _seal(row: Audit) -> str:
    return seal_of(row.seq, row.at.isoformat(), row.actor, row.action, row.detail, row.previous)


def record(opened: Session, actor: str, action: str, **detail: Any) -> None:  # noqa: ANN401 - any JSON
    """Add a row to the audit, sealed with the one before it; in the transaction of what it tells about."""
    last = opened.scalars(select(Audit).order_by(Audit.seq.desc()).limit(1)).first()
    row = Audit(
        seq=1 if last is None else last.seq + 1, at=now(), actor=actor, action=action, detail=detail,
        previous=FIRST_SEAL if last is None else last.seal,
    )  # fmt: skip
    row.seal = _seal(row)
    opened.add(row)
    opened.flush()


def check_audit(opened: Session) -> int:
    """Check every seal of the audit and return how many rows it has.

    Raises:
        LedgerError: a row was changed, removed or put in.
    """
    previous, seq = FIRST_SEAL, 0
    for row in opened.scalars(select(Audit).order_by(Audit.seq)):
        seq += 1
        if row.seq != seq or row.previous != previous or row.seal != _seal(row):
            raise LedgerError(f"the registry's audit is broken at row {row.seq}: it is not what was written")
        previous = row.seal
    return seq
