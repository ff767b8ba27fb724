from setuptools import setup

setup(name="reporter", version="2.1", py_modules=["plugins"])
