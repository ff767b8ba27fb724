from django.conf.urls.i18n import i18n_patterns
from django.urls import path

from registry import views

urlpatterns = i18n_patterns(path("join/", views.sign_up), path("members/", views.members))
