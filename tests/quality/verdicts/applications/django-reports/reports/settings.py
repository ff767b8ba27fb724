SECRET_KEY = "x"
ROOT_URLCONF = "reports.urls"
INSTALLED_APPS = ["django.contrib.postgres", "reports"]
MIDDLEWARE = []
DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "NAME": "reports"}}
