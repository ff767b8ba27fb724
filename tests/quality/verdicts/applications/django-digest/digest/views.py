import json

from django.http import FileResponse, JsonResponse
from django.shortcuts import render
from django.urls import path
from django.utils.text import Truncator


def teaser(request):
    body = json.loads(request.body)
    return JsonResponse({"teaser": Truncator(body["html"]).words(40, html=True)})


def download(request):
    return FileResponse(open("/srv/digest/latest.pdf", "rb"), as_attachment=True, filename=request.GET["as"])


def preview(request):
    return render(request, "preview.html", {"article": json.loads(request.body)})


urlpatterns = [path("teaser", teaser), path("download", download), path("preview", preview)]
