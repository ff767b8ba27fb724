"""Customers write their own letter templates; rendered in a sandbox."""
from jinja2.sandbox import ImmutableSandboxedEnvironment

_environment = ImmutableSandboxedEnvironment(autoescape=True)


def render_letter(source, customer):
    """The customer's own template, filled with the fields of one recipient."""
    template = _environment.from_string(source)
    return template.render(name=customer["name"], city=customer["city"])
