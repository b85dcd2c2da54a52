"""The row that gives publications their numbers, one after the other."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("codes", "0003_schedules")]

    operations = [
        migrations.CreateModel(
            name="Numbering",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("last", models.IntegerField(default=0)),
            ],
        ),
    ]
