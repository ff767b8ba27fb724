import random
from urllib.parse import urlsplit

from icelos.jobs.mail.synthesis import addresses


def test_slugs_are_fit_for_domains() -> None:
    assert addresses.slug("Müller & Söhne GmbH") == "mullerandsohnegmbh"
    assert addresses.slug("三井住友銀行").isascii()
    assert addresses.slug("三井住友銀行") == addresses.slug("三井住友銀行")
    assert addresses.slug("Łódź Straße") == "lodzstrasse"


def test_hostile_urls_have_many_shapes_and_are_urls() -> None:
    rng = random.Random(1)
    urls = [addresses.hostile_url("Halden Savings", "Otto Bau", rng) for _ in range(400)]
    assert all(urlsplit(url).hostname and urlsplit(url).scheme in {"http", "https"} for url in urls)
    assert len({urlsplit(url).hostname for url in urls}) > 200
    text = "\n".join(urls)
    for sign in ("halden", "wp-", "https://bit.ly", "google.com", "list-manage.com"):
        assert sign in text, sign


def test_honest_urls_are_mostly_at_home() -> None:
    rng = random.Random(2)
    hosts = [urlsplit(addresses.honest_url("halden.example", rng)).hostname or "" for _ in range(300)]
    at_home = sum(host.endswith("halden.example") for host in hosts)
    assert 0.7 * 300 < at_home < 300


def test_lookalikes_are_not_the_real_domain() -> None:
    rng = random.Random(3)
    made = {addresses.lookalike("Halden Savings", rng) for _ in range(200)}
    assert addresses.brand_domain("Halden Savings") not in made
    assert len(made) > 100


def test_addresses_of_nameless_people_work() -> None:
    assert "@" in addresses.free_address("", random.Random(4))
