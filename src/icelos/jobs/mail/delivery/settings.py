"""Settings of the servers, as they stand in the section [mail]."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from icelos.jobs.mail.delivery.policy import Action, OnError, Policy, SpamFrom
from icelos.settings import MailSettings


class DeliverySettings(msgspec.Struct, frozen=True, kw_only=True):
    """Where the servers listen, what they may take up, and what becomes of mail."""

    spamd: Annotated[
        str, Meta(description="Where the spamd server listens: HOST:PORT or /path/of/a/socket; empty = not")
    ] = "127.0.0.1:783"
    smtp_filter: Annotated[
        str, Meta(description="Where the SMTP filter listens, such as 127.0.0.1:10025; empty = not")
    ] = ""
    next_hop: Annotated[
        str, Meta(description="Mail server that the SMTP filter hands mail to, HOST:PORT or /path")
    ] = "127.0.0.1:10026"
    allowed_clients: Annotated[
        tuple[str, ...], Meta(description="Networks whose clients may connect to the servers")
    ] = ("127.0.0.0/8", "::1/128")
    workers: Annotated[int, Meta(ge=1, le=64, description="Processes that judge mail at once")] = 2
    waiting: Annotated[
        int, Meta(ge=0, le=10_000, description="Mails that may wait for one of them; more are put off")
    ] = 250
    deadline_s: Annotated[
        float, Meta(gt=0, le=600, description="Seconds after which the judging of one mail is given up")
    ] = 10.0
    patience_s: Annotated[
        float, Meta(gt=0, le=600, description="Seconds that a mail waits for its turn to be judged")
    ] = 30.0
    connections: Annotated[
        int, Meta(ge=1, le=2000, description="Connections that each server has open at once; more wait")
    ] = 100
    client_timeout_s: Annotated[
        float, Meta(gt=0, le=3600, description="Seconds that a client may take to send its mail")
    ] = 60.0
    max_message_mib: Annotated[
        int, Meta(ge=1, le=150, description="Largest mail; keep it above the mail server's own limit")
    ] = 50
    under_way_mib: Annotated[
        int, Meta(ge=1, description="Size of all mail that is under way at once; more has to wait")
    ] = 128
    worker_memory_mib: Annotated[
        int, Meta(ge=0, description="Memory that judging may take beyond the loaded model; 0 = no limit")
    ] = 512
    grace_s: Annotated[
        float, Meta(ge=0, le=3600, description="Seconds for what is under way when the servers are stopped")
    ] = 30.0
    allow_tell: Annotated[
        bool, Meta(description="Take what spamd clients tell (spamc -L) as feedback; they have no passwords")
    ] = False
    quarantine_days: Annotated[
        int, Meta(ge=1, description="Days after which mail in quarantine is deleted")
    ] = 30
    spam_from: Annotated[
        SpamFrom, Meta(description="Verdict that is 5.0 points and X-Spam-Flag: YES: review or alert")
    ] = SpamFrom.REVIEW
    on_review: Annotated[
        Action, Meta(description="For mail to review: deliver, tag, quarantine or reject")
    ] = Action.TAG
    on_alert: Annotated[Action, Meta(description="For alerts: deliver, tag, quarantine or reject")] = (
        Action.TAG
    )
    on_error: Annotated[
        OnError, Meta(description="For mail without a verdict: deliver (fail open) or defer (fail closed)")
    ] = OnError.DELIVER
    subject_tag: Annotated[
        str, Meta(description="Put before the subject of tagged mail, which breaks DKIM; empty = none")
    ] = ""
    allow: Annotated[
        tuple[str, ...], Meta(description="Senders whose mail is let through: addresses or domains")
    ] = ()
    allow_unauthenticated: Annotated[
        bool, Meta(description="Let them through even without DMARC pass, so anyone in their name too")
    ] = False
    block: Annotated[
        tuple[str, ...], Meta(description="Senders whose mail is an alert: addresses or domains")
    ] = ()
    vips: Annotated[
        tuple[str, ...], Meta(description="People worth imitating: Name <address>, as signals look for them")
    ] = ()


def delivery_settings(mail: MailSettings) -> DeliverySettings:
    """The part of [mail] that the servers need, by the names of its settings."""
    names = [field.name for field in msgspec.structs.fields(DeliverySettings)]
    given = {name: getattr(mail, name) for name in names if hasattr(mail, name)}
    return msgspec.convert(given, DeliverySettings)


def policy_of(mail: MailSettings, delivery: DeliverySettings) -> Policy:
    """The policy that the settings describe."""
    names = [field.name for field in msgspec.structs.fields(Policy)]
    given = {name: getattr(delivery, name) for name in names if hasattr(delivery, name)}
    return Policy(review=mail.review, alert=mail.alert, trusted_servers=tuple(mail.trusted_servers), **given)
