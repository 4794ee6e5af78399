"""Seats, servings and revisions."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """Make the three tables."""

    initial = True

    dependencies = [
        # Not the newest: some of Label Studio's own rely on an order that they do not name.
        ("projects", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Revision",
            fields=[
                ("sequence", models.BigAutoField(primary_key=True, serialize=False)),
                ("action", models.CharField(max_length=7)),
                ("project", models.BigIntegerField()),
                ("task", models.BigIntegerField()),
                ("annotation", models.BigIntegerField(db_index=True)),
                ("user", models.BigIntegerField(null=True)),
                ("completed_by", models.BigIntegerField(null=True)),
                ("result", models.JSONField(null=True)),
                ("was_cancelled", models.BooleanField(default=False)),
                ("lead_time", models.FloatField(null=True)),
                ("served_at", models.DateTimeField(null=True)),
                ("at", models.DateTimeField(auto_now_add=True)),
            ],
        ),
        migrations.CreateModel(
            name="Seat",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("closed", models.BooleanField(default=False)),
                (
                    "project",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="seat", to="projects.project"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="seats", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Serving",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("user_id", models.BigIntegerField()),
                ("task_id", models.BigIntegerField()),
                ("at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("user_id", "task_id"), name="one_serving")],
            },
        ),
    ]
