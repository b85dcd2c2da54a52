"""When people were written to about an alarm is kept with its case."""

from typing import Any

from django.db import migrations


def carry(apps: Any, _editor: Any) -> None:
    for alarm in apps.get_model("watch", "Alarm").objects.exclude(notified_at=None).iterator():
        told = apps.get_model("cases", "Case").objects.filter(pk=alarm.case_id)
        told.update(told_at=alarm.notified_at)


class Migration(migrations.Migration):
    dependencies = [("cases", "0002_told"), ("watch", "0001_initial")]
    operations = [
        migrations.RunPython(carry, migrations.RunPython.noop),
        migrations.RemoveField(model_name="alarm", name="notified_at"),
    ]
