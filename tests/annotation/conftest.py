"""A real Label Studio for the whole session; tests make projects and people of their own in it."""

import pytest

from annotation.serving import PYTHON_VARIABLE, Server
from pipeline.errors import RecipeError


@pytest.fixture(scope="session")
def label_studio(tmp_path_factory):
    """The server, started: `.url`, `.operator.token`; and, for those who must, `.kill()` and `.start()` on its port."""
    server = Server(tmp_path_factory.mktemp("labelstudio"))
    try:
        server.start()
    except RecipeError as error:
        pytest.skip(f"{error} (or set {PYTHON_VARIABLE})")
    yield server
    server.stop()
