from django.contrib.postgres.fields import JSONField
from django.db import models


class Event(models.Model):
    kind = models.CharField(max_length=40)
    data = JSONField()
