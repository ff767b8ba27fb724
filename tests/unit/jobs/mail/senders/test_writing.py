import time

import pytest

from icelos.jobs.mail.reading.message import Message
from icelos.jobs.mail.senders.writing import Writing, is_prose, shape, writing


def written(text: str, html: str = "") -> Writing:
    return writing(Message([("from", "a@b.example")], text=text, html_text=html))


def test_own_words_without_quotes_signature_and_footer() -> None:
    found = written(
        "Hi Ann,\n\nThe box works again now, thank you for that.\n\nBest regards,\nBen\n-- \nBen Oak\n\n"
        "On Mon, 4 Jan 2021 at 10:00, Ann <ann@x.example>\nwrote:\n> does the box work?\n"
        "______________________________\nx mailing list\n"
    )
    assert found.prose == "The box works again now, thank you for that."
    assert found.greeting == "Hi Ann,"
    assert found.sign_off == "Best regards,\nBen"
    assert found.signature == "Ben Oak"
    assert found.layout == "above"


@pytest.mark.parametrize(
    "begin",
    [
        "On 4 Jan 2021, Ann wrote:",
        "Am 04.01.2021 um 10:00 schrieb Ann:",
        "Le lun. 4 janv. 2021 à 10:00, Ann a écrit :",
        "El lun, 4 ene 2021, Ann escribió:",
        "-----Original Message-----",
        "From: Ann\nSent: Monday\nTo: Ben\nSubject: box",
        "________________________________\nFrom: Ann\nSent: Monday\nTo: Ben\nSubject: box",
    ],
)
def test_what_is_quoted_in_any_manner_is_left_out(begin: str) -> None:
    found = written(f"The lamp has come back on today.\n\n{begin}\nthese are words of another person\n")
    assert found.prose == "The lamp has come back on today."


@pytest.mark.parametrize(
    ("text", "layout"),
    [
        ("own words here\n", "alone"),
        ("> theirs\n\nown words here\n", "below"),
        ("own words here\n\n> theirs\n", "above"),
        ("> theirs\nown words here\n> theirs\nown words again\n", "between"),
    ],
)
def test_layout(text: str, layout: str) -> None:
    assert written(text).layout == layout


def test_markup_where_the_plain_text_is_a_footer_only() -> None:
    found = written("______________________\nx mailing list\n", "I would like to leave this list please.")
    assert found.prose == "I would like to leave this list please."


@pytest.mark.parametrize(
    "line",
    [
        "[INFO] started",
        "int main() {",
        "usrp_set(a, b);",
        "Device: N300",
        "a   b   c",
        "0x00 0x01",
        "x = y[3] | z",
    ],
)
def test_logs_code_and_tables_are_no_prose(line: str) -> None:
    assert not is_prose(line)


def test_addresses_are_no_ones_style() -> None:
    found = written("Please see https://a.example/b?c=d and tell me at x@y.example what you think.\n")
    assert found.prose == "Please see  and tell me at  what you think."


def test_the_end_of_a_wrapped_sentence_is_no_farewell() -> None:
    assert written("It needs a new\nfuse in the box, and then\nit works.\n").sign_off == ""


def test_shape() -> None:
    assert shape("On 4 Jan 2021, Ann wrote:") == "A0A0,Aa:"


def test_hostile_text_takes_linear_time() -> None:
    start = time.process_time()
    for text in (
        ">" * 500_000,
        "On " * 200_000,
        "a@" * 200_000,
        "\n".join(["From: x"] * 50_000),
        "_" * 400_000,
    ):
        written(text)
    assert time.process_time() - start < 3
