"""Who works at Halmsund Shipping, and what machines it has. All of it is invented."""

from __future__ import annotations

from tests.quality.agent.rows import DOMAIN, Person, Target

_DEPARTMENTS = {
    "soc": (
        "Petra Holm", "Idris Falk", "Noor Haddad", "Yusuf Demir", "Greta Aalto", "Tomas Reka",
    ),
    "it": (
        "Jonas Ekberg", "Lena Voss", "Marek Dvorsky", "Sofie Brandal", "Ravi Menon", "Hanna Kessler",
        "Oskar Lind", "Oskar Lindt", "Elif Aydin", "Pavel Sorin", "Karin Moe", "Dag Utne",
    ),
    "finance": (
        "Mila Brandt", "Stefan Krol", "Agnes Lund", "Bruno Caldas", "Ylva Norin", "Peter Haas", "Judit Balla",
        "Anna Berg", "Fredrik Sand", "Wilma Toft",
    ),
    "hr": ("Carla Nunes", "Emil Roth", "Sanna Vik", "Beate Lang", "Ivo Petkov", "Maren Dahl"),
    "sales": (
        "Anna Berger", "Luca Ferri", "Nils Bakke", "Rosa Iglesias", "Tarek Aziz", "Vera Kolar", "Simon Pless",
        "Olga Tamm", "Henrik Vang", "Paula Reis",
    ),
    "engineering": (
        "Mei Tanaka", "Arun Nair", "Kasper Holt", "Liv Solberg", "Dario Conti", "Zofia Wrona", "Jakob Stein",
        "Amara Obi", "Erik Dunn", "Tilda Frost", "Milan Jurak", "Noa Perl",
    ),
    "executive": ("Ingrid Solheim", "Carsten Rau", "Helle Mork", "Viktor Ostby"),
}  # fmt: skip
_GROUPS = {"soc": ("soc",), "it": ("it",), "finance": ("finance",), "hr": ("hr",)}


def _person(name: str, department: str) -> Person:
    address = f"{name.lower().replace(' ', '.')}@{DOMAIN}"
    return Person(name, address, department, _GROUPS.get(department, ()))


PEOPLE = tuple(_person(name, department) for department, names in _DEPARTMENTS.items() for name in names)
BY_NAME = {person.name: person for person in PEOPLE}
TARGETS = tuple(
    Target(*row)
    for row in (
        ("srv-web-1", True, "public web site", "Jonas Ekberg", "Web Operations"),
        ("srv-web-2", True, "web shop, front end", "Jonas Ekberg", "Web Operations"),
        ("srv-web-10", True, "customer portal", "Lena Voss", "Web Operations"),
        ("srv-db-1", True, "database of the web shop", "Marek Dvorsky", "Databases"),
        ("srv-db-10", True, "reporting database", "Marek Dvorsky", "Databases"),
        ("srv-fin-1", True, "ledger and payments", "Stefan Krol", "Finance Systems"),
        ("srv-fin-2", True, "invoice archive", "Agnes Lund", "Finance Systems"),
        ("srv-hr-1", True, "personnel files", "Carla Nunes", "HR Systems"),
        ("srv-mail-1", True, "mail gateway", "Sofie Brandal", "Messaging"),
        ("srv-dc-1", True, "domain controller", "Ravi Menon", "Identity"),
        ("srv-dc-2", True, "domain controller", "Ravi Menon", "Identity"),
        ("srv-vpn-1", True, "VPN gateway", "Hanna Kessler", "Network"),
        ("srv-build-1", True, "build server", "Mei Tanaka", "Platform"),
        ("srv-git-1", True, "source code", "Arun Nair", "Platform"),
        ("srv-file-1", True, "file shares", "Elif Aydin", "Storage"),
        ("srv-bak-1", True, "backups", "Pavel Sorin", "Storage"),
        ("img-cart", False, "shopping cart", "Kasper Holt", "Shop Engineering"),
        ("img-checkout", False, "checkout", "Kasper Holt", "Shop Engineering"),
        ("img-tracking", False, "parcel tracking", "Liv Solberg", "Logistics Engineering"),
        ("img-tracking-api", False, "parcel tracking, interface", "Liv Solberg", "Logistics Engineering"),
        ("img-rates", False, "freight rates", "Dario Conti", "Logistics Engineering"),
        ("img-login", False, "customer sign-in", "Zofia Wrona", "Shop Engineering"),
        ("img-search", False, "product search", "Zofia Wrona", "Shop Engineering"),
        ("img-batch", False, "night jobs", "Jakob Stein", "Platform"),
        ("img-metrics", False, "metrics", "Jakob Stein", "Platform"),
    )
)
HOSTS = tuple(one.name for one in TARGETS if one.is_host)


def address(name: str) -> str:
    """Of a person by name."""
    return BY_NAME[name].address
