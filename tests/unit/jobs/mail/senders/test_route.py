import pytest

from icelos.jobs.mail.reading.message import Message
from icelos.jobs.mail.senders import route

LIST = ("list-post", "<mailto:users@lists.example.org>")


def test_the_sender_is_who_from_names() -> None:
    message = Message([("from", "Ann <Ann@X.example>"), ("reply-to", "other@y.example")])
    assert route.sender_address(message) == ("ann@x.example", False)


def test_behind_a_list_that_stands_in_from_is_who_answers_go_to() -> None:
    message = Message(
        [("from", "Ann via users <users@lists.example.org>"), ("reply-to", "ann@x.example"), LIST]
    )
    assert route.sender_address(message) == ("ann@x.example", True)
    no_list = Message([("from", "users@lists.example.org"), ("reply-to", "ann@x.example")])
    assert route.sender_address(no_list) == ("users@lists.example.org", False)


@pytest.mark.parametrize(
    ("headers", "program"),
    [
        ([("user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:91.0) Thunderbird/91.1")], "Thunderbird Linux"),
        ([("x-mailer", "Microsoft Outlook 16.0")], "Microsoft Outlook"),
        ([("x-gm-message-state", "abc")], "Gmail"),
        ([("x-ms-has-attach", "x")], "Exchange"),
        ([], ""),
    ],
)
def test_program_without_versions(headers: list[tuple[str, str]], program: str) -> None:
    assert route.program(Message(headers)) == program


def test_message_ids_of_one_program_have_one_shape() -> None:
    one = route.message_id(Message([("message-id", "<5F31C7FB.4040406@mail.gmail.com>")]))
    two = route.message_id(Message([("message-id", "<60AB12CD.7050301@mail.gmail.com>")]))
    assert one[1] == two[1] == "gmail.com"
    assert "." in one[0]
    assert route.message_id(Message([])) == ("", "")


def test_signers_origin_and_references() -> None:
    message = Message(
        [
            ("received", "from a.b.example.net by mx.example.org with ESMTP"),
            ("received", "from pc.home.example.com by a.b.example.net"),
            ("dkim-signature", "v=1; a=rsa-sha256; d=Example.com; s=x; b=abc"),
            ("references", "<1@a> <2@a>"),
            ("in-reply-to", "<2@a>"),
        ]
    )
    assert route.signers(message) == ("example.com",)
    assert route.origin(message) == "example.com example.net example.org"
    assert route.references(message) == ("<1@a>", "<2@a>")


def test_recipients_are_bounded() -> None:
    many = ", ".join(f"p{n}@x.example" for n in range(100))
    assert len(route.recipients(Message([("to", many)]))) == route.MOST_RECIPIENTS
