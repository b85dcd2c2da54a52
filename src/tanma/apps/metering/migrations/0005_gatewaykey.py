import django.db.models.deletion
from django.db import migrations, models

import tanma.domain.identity


class Migration(migrations.Migration):
    dependencies = [("metering", "0004_counts")]

    operations = [
        migrations.CreateModel(
            name="GatewayKey",
            fields=[
                (
                    "id",
                    models.BigIntegerField(
                        default=tanma.domain.identity.new_id, primary_key=True, serialize=False
                    ),
                ),
                ("algorithm", models.CharField(max_length=20)),
                ("public", models.CharField(blank=True, max_length=60)),
                ("made_at", models.DateTimeField(auto_now_add=True)),
                ("made_by", models.CharField(blank=True, max_length=80)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                (
                    "gateway",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="keys",
                        to="metering.gateway",
                    ),
                ),
            ],
        ),
    ]
