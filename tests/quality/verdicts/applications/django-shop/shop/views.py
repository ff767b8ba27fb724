from django.db.models import Count
from django.db.models.functions import Trunc
from django.http import JsonResponse
from django.shortcuts import render

from shop.models import Product


def products(request):
    """The list, sorted as the visitor wants it."""
    order = request.GET.get("sort", "name")
    found = Product.objects.order_by(order)
    return render(request, "products.html", {"products": found, "limit": request.GET.get("limit", "0")})


def sales(request):
    """How many products were added in each period; the period is day, month or what the caller says."""
    period = request.GET.get("by", "month")
    rows = Product.objects.annotate(start=Trunc("added", period)).values("start").annotate(n=Count("id"))
    return JsonResponse({"rows": list(rows)})
