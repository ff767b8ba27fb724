from django.http import HttpResponse, JsonResponse
from django.urls import path

from reports import queries


def search(request):
    rows = queries.matching(request.GET["field"], request.GET["value"])
    return JsonResponse({"ids": [row.pk for row in rows]})


def export(request):
    return HttpResponse(queries.kinds(request.GET.get("separator", ",")), content_type="text/csv")


urlpatterns = [path("search", search), path("export", export)]
