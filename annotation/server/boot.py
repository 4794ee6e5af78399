"""Start Label Studio on a folder: make its database if there is none, its operator, and serve. Runs in its environment.

`label-studio start` replays some 260 migrations on an empty database (43 s), moves on to another port if the one asked
for is busy, and listens on all addresses. Here the tables are made from the models as they are today and every
migration is recorded as done, which leaves the same schema in a second, and later versions migrate from there.

What it is told comes in environment variables, since a password does not belong on a command line:
QINGYUAN_LABELSTUDIO_PORT; QINGYUAN_LABELSTUDIO_OPERATOR, the path of a JSON file with email, password and token; and
QINGYUAN_LABELSTUDIO_PARENT, the process without which it does not live on.
"""

import ctypes
import importlib
import json
import os
import signal
import sys
from pathlib import Path
from types import FrameType

import label_studio

HERE = Path(__file__).parent

PR_SET_PDEATHSIG = 1
"""Linux's prctl(2)."""


def die_with_parent(parent: int) -> None:
    """On Linux, have the kernel end this process when `parent`, which started it, is gone, even if that was killed."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # gone already
            raise SystemExit(1)


def prepare() -> None:
    """Make Label Studio's modules importable under the short names by which they import each other, and load Django."""
    sys.path[:0] = [str(HERE), str(Path(label_studio.__file__).parent)]
    os.environ["DJANGO_SETTINGS_MODULE"] = "qingyuan_settings"
    import django  # noqa: PLC0415

    django.setup()
    from django.conf import settings  # noqa: PLC0415

    importlib.import_module(settings.ROOT_URLCONF)  # some models are known only once the views are


def make_tables() -> None:
    """Bring the database to today's schema: at once where there is none, by the migrations that it lacks otherwise."""
    from django.core.management import call_command  # noqa: PLC0415
    from django.db import connection  # noqa: PLC0415

    if not connection.introspection.table_names():
        connection.close()
        database = Path(connection.settings_dict["NAME"])
        partial = database.with_suffix(".partial")
        partial.unlink(missing_ok=True)  # of a start that was killed
        connection.settings_dict["NAME"] = str(partial)
        _make_from_models()
        connection.close()
        connection.settings_dict["NAME"] = str(database)
        partial.rename(database)
    elif _lacks_something():
        call_command("migrate", verbosity=0)


def _make_from_models() -> None:
    from django.apps import apps  # noqa: PLC0415
    from django.conf import settings  # noqa: PLC0415
    from django.core.management import call_command  # noqa: PLC0415
    from django.db import connection, transaction  # noqa: PLC0415
    from django.db.migrations.loader import MigrationLoader  # noqa: PLC0415
    from django.db.migrations.recorder import MigrationRecorder  # noqa: PLC0415

    migrations = settings.MIGRATION_MODULES
    settings.MIGRATION_MODULES = {app.label: None for app in apps.get_app_configs()}
    call_command("migrate", run_syncdb=True, verbosity=0)
    settings.MIGRATION_MODULES = migrations
    recorder = MigrationRecorder(connection)
    recorder.ensure_schema()
    known = sorted(MigrationLoader(connection).graph.nodes)
    with transaction.atomic():
        recorder.migration_qs.bulk_create([recorder.Migration(app=app, name=name) for app, name in known])


def _lacks_something() -> bool:
    from django.db import connection  # noqa: PLC0415
    from django.db.migrations.executor import MigrationExecutor  # noqa: PLC0415

    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def make_operator(path: Path) -> None:
    """Give the operator named in `path` an account with that password and token, and the organisation."""
    from organizations.models import Organization  # noqa: PLC0415
    from rest_framework.authtoken.models import Token  # noqa: PLC0415
    from users.models import User  # noqa: PLC0415

    operator = json.loads(path.read_text("utf-8"))
    user = User.objects.filter(email=operator["email"]).first()
    if user is None:
        user = User.objects.create_superuser(operator["email"], operator["password"])
    organization = Organization.objects.first()
    if organization is None:
        organization = Organization.create_organization(
            created_by=user, title="Qingyuan", legacy_api_tokens_enabled=True
        )
    if user.active_organization_id is None:
        user.active_organization = organization
        user.save(update_fields=["active_organization"])
    if not Token.objects.filter(user=user, key=operator["token"]).exists():
        Token.objects.filter(user=user).delete()
        Token.objects.create(user=user, key=operator["token"])


def stop(_number: int, _frame: FrameType | None) -> None:
    """End the server's loop from a signal."""
    raise SystemExit(0)


def main() -> None:
    """Prepare and serve until a signal says stop."""
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    die_with_parent(int(os.environ["QINGYUAN_LABELSTUDIO_PARENT"]))
    prepare()
    make_tables()
    make_operator(Path(os.environ["QINGYUAN_LABELSTUDIO_OPERATOR"]))
    from django.core.servers.basehttp import WSGIRequestHandler, get_internal_wsgi_application, run  # noqa: PLC0415

    from blinding.journal import catch_up  # noqa: PLC0415

    catch_up()
    # Head and body of an answer go out in two writes: the second would wait 40 ms for the first to be acknowledged.
    WSGIRequestHandler.disable_nagle_algorithm = True
    port = int(os.environ["QINGYUAN_LABELSTUDIO_PORT"])
    run("127.0.0.1", port, get_internal_wsgi_application(), threading=True)


if __name__ == "__main__":
    main()
