"""new_service.py NAME: a service from the template beside this file."""
import pathlib
import sys

from cookiecutter.main import cookiecutter

HERE = pathlib.Path(__file__).parent
cookiecutter(str(HERE / "template"), no_input=True, extra_context={"name": sys.argv[1]})
