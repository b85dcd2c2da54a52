"""Cases went to the room `desk`, classes and reminders to `catalogue`; the tables stay as they are."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("imports", "0002_catalogue"),
    ]

    moved = [
        migrations.DeleteModel(
            name="DeclaredClass",
        ),
        migrations.RemoveField(
            model_name="waiting",
            name="case",
        ),
        migrations.DeleteModel(
            name="LegalBasis",
        ),
        migrations.DeleteModel(
            name="Reminder",
        ),
        migrations.RemoveField(
            model_name="waiting",
            name="batch",
        ),
        migrations.DeleteModel(
            name="DeskCase",
        ),
        migrations.DeleteModel(
            name="Waiting",
        ),
    ]

    operations = [migrations.SeparateDatabaseAndState(state_operations=moved)]
