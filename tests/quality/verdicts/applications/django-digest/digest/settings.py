SECRET_KEY = "x"
ROOT_URLCONF = "digest.views"
ALLOWED_HOSTS = ["*"]
MIDDLEWARE = []
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "DIRS": ["digest/templates"]}]
