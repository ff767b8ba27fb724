from django.urls import path
from rest_framework.decorators import api_view
from rest_framework.response import Response

STATE = {"label": "idle"}


@api_view(["GET", "PUT"])
def state(request):
    if request.method == "PUT":
        STATE["label"] = request.data["label"]
    return Response(STATE)


urlpatterns = [path("state", state)]
