"""Cases and waiting rows, in the tables that the room `imports` made."""

import django.db.models.deletion
import tanma.domain.identity
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("imports", "0003_rooms"),
    ]

    moved = [
        migrations.CreateModel(
            name="DeskCase",
            fields=[
                (
                    "id",
                    models.BigIntegerField(
                        default=tanma.domain.identity.new_id, primary_key=True, serialize=False
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("unknown", "未登记的代码"),
                            ("duplicate", "疑似重复的企业"),
                            ("conflict", "相互矛盾的属性"),
                            ("account", "用电户号归属"),
                        ],
                        max_length=12,
                    ),
                ),
                ("scheme", models.CharField(max_length=30)),
                ("value", models.CharField(max_length=160)),
                ("details", models.JSONField(default=dict)),
                ("rows", models.IntegerField(default=0)),
                (
                    "state",
                    models.CharField(
                        choices=[("open", "待定"), ("decided", "已定")],
                        default="open",
                        max_length=10,
                    ),
                ),
                ("decision", models.CharField(blank=True, max_length=20)),
                ("target", models.BigIntegerField(null=True)),
                ("effective", models.DateField(null=True)),
                ("evidence", models.CharField(blank=True, max_length=200)),
                ("decided_by", models.CharField(blank=True, max_length=80)),
                ("decided_at", models.DateTimeField(null=True)),
                ("opened_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "db_table": "imports_deskcase",
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "open")),
                        fields=("kind", "scheme", "value"),
                        name="desk_open_once",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Waiting",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("rows", models.IntegerField()),
                (
                    "batch",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="waiting",
                        to="imports.batch",
                    ),
                ),
                (
                    "case",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="waiting",
                        to="desk.deskcase",
                    ),
                ),
            ],
            options={
                "db_table": "imports_waiting",
            },
        ),
    ]

    operations = [migrations.SeparateDatabaseAndState(state_operations=moved)]
