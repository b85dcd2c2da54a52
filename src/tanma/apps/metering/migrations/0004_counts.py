from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("metering", "0003_heard_from_the_inbox")]

    operations = [
        migrations.AddField(
            model_name="meter",
            name="counts",
            field=models.CharField(blank=True, max_length=8),
        ),
    ]
