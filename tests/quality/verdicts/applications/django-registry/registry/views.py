from django.shortcuts import redirect, render

from registry.forms import SignUp

ORDERS = {"name": "username", "new": "-date_joined"}


def sign_up(request):
    form = SignUp(request.POST or None)
    if form.is_valid():
        form.save()
        return redirect("/")
    return render(request, "signup.html", {"form": form})


def members(request):
    from django.contrib.auth.models import User

    key = request.GET.get("order", "name")
    if key not in ORDERS:
        key = "name"
    found = User.objects.order_by(ORDERS[key])
    return render(request, "members.html", {"members": found, "about": request.GET.get("about", "")})
