from collections import Counter

from icelos.jobs.mail.synthesis.dice import stream
from icelos.jobs.mail.synthesis.form import draw_form


def test_forms_are_many_and_repeat_by_seed() -> None:
    forms = [draw_form(stream(seed, "form")) for seed in range(400)]
    assert forms[7] == draw_form(stream(7, "form"))
    assert {form.size for form in forms} == {"line", "short", "medium", "long"}
    assert {form.look for form in forms} == {"plain", "simple", "outlook", "corporate", "bulk", "image"}
    assert Counter(form.look for form in forms).most_common(1)[0][0] == "plain"
    assert len({(form.size, form.look, form.order, form.greeting, form.signoff) for form in forms}) > 150


def test_one_line_has_no_trimmings() -> None:
    lines = [form for seed in range(300) if (form := draw_form(stream(seed, "form"))).size == "line"]
    assert lines
    assert not any(form.greeting or form.footers or form.signature or form.extension for form in lines)
