"""Which batch raised a case."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("desk", "0001_cases"), ("imports", "0003_rooms")]

    operations = [
        migrations.AddField(
            model_name="deskcase",
            name="batch",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL,
                related_name="desk_cases", to="imports.batch",
            ),
        ),
    ]  # fmt: skip
