SECRET_KEY = "x"
ROOT_URLCONF = "wiki.urls"
ALLOWED_HOSTS = ["wiki.example.org"]
INSTALLED_APPS = []
MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "DIRS": ["wiki/templates"]}]
