"""What the words of a foreign column mean, or how many digits its codes have."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("transfer", "0006_bases")]

    operations = [
        migrations.AddField(model_name="extractmapping", name="rules", field=models.JSONField(default=dict)),
    ]
