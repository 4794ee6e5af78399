"""Django settings of a Label Studio that keeps annotators blind: Label Studio's own, and our app on top of them.

Runs inside Label Studio's environment, never in ours. An operator who has a server already puts this folder on its
PYTHONPATH and starts it with DJANGO_SETTINGS_MODULE=qingyuan_settings; README says how.
"""

import os
from pathlib import Path

# Read while Label Studio's settings are imported, so they are set before. Nothing leaves this machine: with analytics
# on, every request would be posted outside with the user's address and parts of the answers.
for _name, _value in {
    "LABEL_STUDIO_COLLECT_ANALYTICS": "false",
    "LABEL_STUDIO_SENTRY_DSN": "",
    "LABEL_STUDIO_FRONTEND_SENTRY_DSN": "",
    "LABEL_STUDIO_LATEST_VERSION_CHECK": "false",
    "LABEL_STUDIO_FEATURE_FLAGS_OFFLINE": "true",
    "LABEL_STUDIO_DISABLE_SIGNUP_WITHOUT_LINK": "true",
    "LABEL_STUDIO_CORS_ALLOW_ALL_ORIGINS": "false",
}.items():
    os.environ[_name] = _value

# Label Studio looks these up in this module while its own settings are still being imported.
from core.settings.base import *  # noqa: E402, F403
from label_studio.core.settings.label_studio import *  # noqa: E402, F403
from label_studio.core.settings.label_studio import (  # noqa: E402
    DATABASES,
    INSTALLED_APPS,
    LOGGING,
    MIDDLEWARE,
    REST_FRAMEWORK,
    TEMPLATES,
)

INSTALLED_APPS = [*INSTALLED_APPS, "blinding"]

# Behind everything that says who is asking, in front of every view.
MIDDLEWARE = [*MIDDLEWARE, "blinding.middleware.Blinding"]

ROOT_URLCONF = "blinding.urls"

TEMPLATES[0]["DIRS"] = [Path(__file__).parent / "blinding" / "templates", *TEMPLATES[0]["DIRS"]]

# The browsable API would render forms of every field.
REST_FRAMEWORK = REST_FRAMEWORK | {"DEFAULT_RENDERER_CLASSES": ("rest_framework.renderers.JSONRenderer",)}

if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # Readers do not wait for the one writer, and a writer waits for another instead of failing at once. Commits are
    # synced to the disk (synchronous stays FULL): an answer that was acknowledged is there after a crash.
    DATABASES["default"]["OPTIONS"] = {
        "timeout": 30,
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL;",
    }

# Label Studio logs who used which token and which drafts were deleted; errors are what an operator needs.
LOGGING["root"]["level"] = "WARNING"
