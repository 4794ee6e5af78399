"""Three tables beside Label Studio's: seats, what was shown to whom, and every revision of every annotation."""

from django.conf import settings
from django.db import models


class Seat(models.Model):
    """The one person who works in a project; a project without a seat is the operator's alone."""

    project = models.OneToOneField("projects.Project", on_delete=models.CASCADE, related_name="seat")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="seats")
    closed = models.BooleanField(default=False)
    """Closed, he gets in no more; who sat there stays known."""


class Serving(models.Model):
    """When the server first handed a task to a person: the start of the only clock that he does not hold."""

    user_id = models.BigIntegerField()
    task_id = models.BigIntegerField()
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["user_id", "task_id"], name="one_serving"),)


class Revision(models.Model):
    """One change of one annotation, never changed itself; in plain numbers, since it outlives what it is about."""

    sequence = models.BigAutoField(primary_key=True)
    action = models.CharField(max_length=7)
    """created, updated or deleted."""
    project = models.BigIntegerField()
    task = models.BigIntegerField()
    annotation = models.BigIntegerField(db_index=True)
    user = models.BigIntegerField(null=True)
    """Whose session or token made the change; null if found afterwards by `journal.catch_up`."""
    completed_by = models.BigIntegerField(null=True)
    result = models.JSONField(null=True)
    was_cancelled = models.BooleanField(default=False)
    lead_time = models.FloatField(null=True)
    """Seconds, as the browser says."""
    served_at = models.DateTimeField(null=True)
    at = models.DateTimeField(auto_now_add=True)
