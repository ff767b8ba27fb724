from django.contrib.postgres.aggregates import StringAgg

from reports.models import Event


def matching(field, value):
    return Event.objects.filter(**{"data__" + field: value})


def kinds(delimiter):
    return Event.objects.aggregate(all=StringAgg("kind", delimiter=delimiter))["all"]
