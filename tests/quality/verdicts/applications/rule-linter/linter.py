"""Tells contributors whether their rules keep to the restricted language; rules are never run here."""
import sys

from RestrictedPython import compile_restricted_exec

for path in sys.argv[1:]:
    with open(path) as source:
        result = compile_restricted_exec(source.read(), filename=path)
    for error in result.errors:
        print(path, error)
