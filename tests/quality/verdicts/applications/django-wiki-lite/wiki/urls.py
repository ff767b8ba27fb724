from pathlib import Path

from django.http import Http404
from django.shortcuts import render
from django.urls import re_path

PAGES = Path("/srv/wiki")


def page(request, name):
    file = PAGES / (name.replace("/", "_") + ".html")
    if not file.is_file():
        raise Http404(name)
    return render(request, "page.html", {"text": file.read_text(), "others": sorted(PAGES.glob("*.html"))})


urlpatterns = [re_path(r"^(?P<name>.+)/$", page)]
