"""The app as Django knows it."""

from django.apps import AppConfig


class BlindingConfig(AppConfig):
    """Listens to annotations as soon as all models are loaded."""

    name = "blinding"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Begin the journal."""
        from blinding.journal import listen  # noqa: PLC0415

        listen()
