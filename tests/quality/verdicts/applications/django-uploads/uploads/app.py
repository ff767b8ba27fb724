"""Stores the scans of a copier below /data, one folder per day."""
from datetime import date

import django
from django.conf import settings

settings.configure(
    SECRET_KEY="x",
    ROOT_URLCONF="uploads.app",
    ALLOWED_HOSTS=["copier.internal"],
    MEDIA_ROOT="/data",
    FILE_UPLOAD_DIRECTORY_PERMISSIONS=0o700,
    CACHES={"default": {"BACKEND": "django.core.cache.backends.filebased.FileBasedCache", "LOCATION": "/data/.cache/pages"}},
)
django.setup()

from django.core.cache import cache  # noqa: E402
from django.core.files.storage import default_storage  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.http import HttpResponse  # noqa: E402
from django.urls import path  # noqa: E402


def scan(request):
    default_storage.save("%s/scan.pdf" % date.today().strftime("%Y/%m/%d"), request.FILES["scan"])
    cache.set("last-scan", date.today().isoformat())
    return HttpResponse(status=204)


urlpatterns = [path("scan", scan)]
application = get_wsgi_application()
