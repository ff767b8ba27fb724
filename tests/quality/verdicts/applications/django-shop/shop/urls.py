from django.urls import path

from shop import views

urlpatterns = [path("", views.products), path("sales", views.sales)]
