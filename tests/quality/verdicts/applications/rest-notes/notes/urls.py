from django.urls import path
from rest_framework.response import Response
from rest_framework.views import APIView

NOTES = []


class Notes(APIView):
    def get(self, request):
        return Response(NOTES)

    def post(self, request):
        NOTES.append(request.data["text"])
        return Response(NOTES, status=201)


urlpatterns = [path("notes/", Notes.as_view())]
