"""Reads addresses of web hooks from standard input and prints those that are valid."""
import sys

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator

settings.configure(USE_I18N=False)
check = URLValidator(schemes=["https"])


def main():
    for line in sys.stdin:
        try:
            check(line.strip())
        except ValidationError:
            continue
        print(line.strip())


main()
