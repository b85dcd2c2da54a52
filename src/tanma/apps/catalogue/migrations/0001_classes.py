"""Reminders, declared classes and documents, in the tables that the room `imports` made."""

import tanma.domain.identity
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [("imports", "0003_rooms")]

    moved = [
        migrations.CreateModel(
            name="DeclaredClass",
            fields=[
                ("name", models.CharField(max_length=40, primary_key=True, serialize=False)),
                ("zh", models.CharField(max_length=80)),
                ("en", models.CharField(max_length=120)),
                ("owner", models.CharField(max_length=40)),
                ("frequency", models.CharField(max_length=10)),
                ("package", models.CharField(max_length=60)),
                ("items", models.JSONField(default=list)),
                ("required_of", models.JSONField(default=list)),
                ("declared_by", models.CharField(max_length=80)),
                ("declared_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "db_table": "imports_declaredclass",
            },
        ),
        migrations.CreateModel(
            name="LegalBasis",
            fields=[
                (
                    "id",
                    models.BigIntegerField(
                        default=tanma.domain.identity.new_id, primary_key=True, serialize=False
                    ),
                ),
                ("data_class", models.CharField(db_index=True, max_length=40)),
                ("title", models.CharField(max_length=200)),
                ("number", models.CharField(max_length=80)),
                ("valid_from", models.DateField()),
                ("entered_by", models.CharField(max_length=80)),
                ("entered_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "db_table": "imports_legalbasis",
            },
        ),
        migrations.CreateModel(
            name="Reminder",
            fields=[
                (
                    "id",
                    models.BigIntegerField(
                        default=tanma.domain.identity.new_id, primary_key=True, serialize=False
                    ),
                ),
                ("subject", models.BigIntegerField(db_index=True)),
                ("period", models.CharField(max_length=20)),
                ("items", models.JSONField(default=list)),
                ("created_by", models.CharField(max_length=80)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("seen_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "imports_reminder",
            },
        ),
    ]

    operations = [migrations.SeparateDatabaseAndState(state_operations=moved)]
