"""`icelos users`, `icelos tokens` and `icelos groups`: who may sign in, and who sees what the jobs find."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from icelos.cli import output
from icelos.cli.audit import doing, done

if TYPE_CHECKING:
    from datetime import datetime

    from icelos.people.store import People, User
    from icelos.people.tokens import Token
    from icelos.settings import Settings
    from icelos.web.signin import SignIn

users = typer.Typer(no_args_is_help=True, help="Who may sign in: add, list, set, disable, remove, password.")
tokens = typer.Typer(no_args_is_help=True, help="API tokens for programs: create, list, revoke.")
groups = typer.Typer(no_args_is_help=True, help="Which groups see what a job finds: list, share.")

Name = Annotated[str, typer.Argument(help="Name of the user")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line")]
Role_ = Annotated[str, typer.Option("--role", help="admin, analyst or read-only")]
Groups = Annotated[list[str] | None, typer.Option("--group", help="A group; may be repeated")]


@users.command("add")
def add_user(
    name: Name,
    role: Role_ = "analyst",
    group: Groups = None,
    returns: Annotated[bool, typer.Option("--returns", help="Somebody who had this name before")] = False,
    json: Json = False,
) -> None:
    """Add a user. The password is asked for, or read from the first line of standard input.

    Example: icelos users add ann --role analyst --group soc
    """
    from icelos.errors import InputError
    from icelos.people.passwords import check
    from icelos.people.roles import role_of
    from icelos.people.store import checked_name

    settings, wanted, name = _settings(), role_of(role), checked_name(name)
    if name == _owner(settings).lower():
        raise InputError("that is the name of the workspace's owner", hint="choose another one")
    password = _password()
    check(password, name)
    with (
        _people(settings) as people,
        doing(settings, "user.add", name, role=wanted, groups=group or [], returns=returns),
    ):
        user = people.add(name, role=wanted, groups=group or (), password=password, returns=returns)
    _show_user(user, json=json)


@users.command("list")
def list_users(json: Json = False) -> None:
    """List everybody with an account.

    Example: icelos users list
    """
    with _people(_settings()) as people:
        found = people.users()
    if json:
        for one in found:
            output.json_line(one)
        return
    output.table(("name", "role", "groups", "state", "signed in"), [_user_row(one) for one in found])


@users.command("set")
def set_user(
    name: Name,
    role: Annotated[str, typer.Option(help="admin, analyst or read-only")] = "",
    group: Annotated[list[str] | None, typer.Option("--group", help="The groups from now on")] = None,
    no_groups: Annotated[bool, typer.Option("--no-groups", help="In no group any more")] = False,
    enable: Annotated[bool, typer.Option("--enable", help="May sign in again")] = False,
    json: Json = False,
) -> None:
    """Change the role or the groups of a user. It counts at once.

    Example: icelos users set ann --role admin --group soc --group board
    """
    from icelos.errors import InputError
    from icelos.people.roles import role_of

    settings, wanted = _settings(), role_of(role) if role else None
    given = [] if no_groups else group or None
    if wanted is None and given is None and not enable:
        raise InputError("nothing to change", hint="--role, --group, --no-groups or --enable")
    told = {"role": wanted, "groups": given, "enabled": enable or None}
    with (
        _people(settings) as people,
        doing(settings, "user.change", name, **{k: v for k, v in told.items() if v is not None}),
    ):
        user = people.change(name, role=wanted, groups=given, disabled=False if enable else None)
    _show_user(user, json=json)


@users.command("disable")
def disable_user(name: Name) -> None:
    """Let a user sign in no more; sessions and API tokens end at once. `set --enable` takes it back.

    Example: icelos users disable ann
    """
    settings = _settings()
    with _people(settings) as people, doing(settings, "user.change", name, disabled=True):
        people.change(name, disabled=True)
    _sign_in_store(settings).sign_out_all(name)
    output.note(f"{name} is disabled and signed out")


@users.command("remove")
def remove_user(name: Name) -> None:
    """Remove a user with their sessions and API tokens. What they asked and did stays under their name.

    Example: icelos users remove ann
    """
    settings = _settings()
    with _people(settings) as people, doing(settings, "user.remove", name):
        people.remove(name)
    _sign_in_store(settings).sign_out_all(name)
    output.note(f"{name} is removed; the name is given again with `users add --returns` only")


@users.command("password")
def set_password(name: Name) -> None:
    """Give a user a new password, asked for or read from standard input; every session of theirs ends.

    Example: icelos users password ann < new-password.txt
    """
    from icelos.people.passwords import check

    settings = _settings()
    with _people(settings) as people:
        password = _password()
        check(password, name)
        with doing(settings, "user.password", name):
            people.set_password(name, password)
    _sign_in_store(settings).sign_out_all(name)
    output.note(f"{name} has a new password and is signed out")


@tokens.command("create")
def create_token(
    label: Annotated[str, typer.Argument(help="What it is for")],
    scope: Annotated[list[str] | None, typer.Option("--scope", help="read, ask, write, run or admin")] = None,
    user: Annotated[str, typer.Option(help="Whose it is; empty = the owner's")] = "",
    days: Annotated[int, typer.Option(min=1, max=366, help="Days until it ends")] = 90,
    json: Json = False,
) -> None:
    """Make an API token and print it: once, it is kept as a hash only. It may do what its user may, at most.

    Example: icelos tokens create "editor" --scope read --scope ask --days 30
    """
    from datetime import timedelta

    from icelos.people.roles import rights_of

    settings, scopes = _settings(), rights_of(scope or ["read", "ask"])
    with _people(settings) as people:
        if user:
            _there(people, user)
        secret, token = people.tokens.create(user, label=label, scopes=scopes, lifetime=timedelta(days=days))
        whose = user or _owner(settings)
        done(settings, "token.create", token.id, user=whose, scopes=token.scopes, expires=token.expires)
    if json:
        output.json_line({"secret": secret, "token": token})
        return
    output.line(secret)
    output.note(f"token {token.id} of {whose}, {', '.join(token.scopes)}, until {_day(token.expires)}")


@tokens.command("list")
def list_tokens(json: Json = False) -> None:
    """List the API tokens of everybody, their secrets excepted.

    Example: icelos tokens list
    """
    with _people(_settings()) as people:
        found = people.tokens.listed()
    if json:
        for one in found:
            output.json_line(one)
        return
    output.table(("id", "user", "label", "scopes", "until", "last used"), [_token_row(one) for one in found])


@tokens.command("revoke")
def revoke_token(token: Annotated[str, typer.Argument(help="Id, as `tokens list` has it")]) -> None:
    """Revoke an API token. It counts at once.

    Example: icelos tokens revoke 3fa9c1d2
    """
    settings = _settings()
    with _people(settings) as people, doing(settings, "token.revoke", token):
        people.tokens.revoke(token)
    output.note(f"token {token} is revoked")


@groups.command("list")
def list_groups(json: Json = False) -> None:
    """List the jobs whose findings only some groups see.

    Example: icelos groups list
    """
    from icelos.data.sinks import SqliteSink
    from icelos.data.workspace import Workspace

    with SqliteSink(Workspace.of(_settings()).findings) as store:
        found = store.job_groups()
    if json:
        for job, names in found.items():
            output.json_line({"job": job, "groups": names})
        return
    output.table(("job", "groups"), [(job, " ".join(names)) for job, names in found.items()])


@groups.command("share")
def share(
    job: Annotated[str, typer.Option(help="The job, or with --record the finding's")],
    record: Annotated[str, typer.Option(help="Only this finding: its record's id")] = "",
    group: Groups = None,
    everybody: Annotated[bool, typer.Option("--everybody", help="Open it to all again")] = False,
) -> None:
    """Say which groups see what a job finds, or one finding: these only, from now on.

    Examples:
      icelos groups share --job mail --group soc --group abuse
      icelos groups share --job mail --everybody
    """
    from icelos.data.sinks import SqliteSink
    from icelos.data.workspace import Workspace
    from icelos.errors import InputError
    from icelos.people.store import checked_groups
    from icelos.records import record_id

    if bool(group) == everybody:
        raise InputError("who may see it?", hint="--group GROUP, or --everybody")
    settings, names = _settings(), checked_groups(group or ())
    subject = record_id(job, record) if record else job
    with (
        SqliteSink(Workspace.of(settings).findings) as store,
        doing(settings, "findings.share", subject, job=job, record=record, groups=names),
    ):
        if record and store.finding(subject) is None:
            raise InputError(f"no finding of {job!r} about {record[:80]!r}")
        store.share_finding(subject, names) if record else store.share_job(job, names)
    output.note(f"seen by {', '.join(names) or 'everybody'}: {job}{f', {record}' if record else ''}")


def add_to(app: typer.Typer) -> None:
    """Register the commands of this file."""
    app.add_typer(users, name="users")
    app.add_typer(tokens, name="tokens")
    app.add_typer(groups, name="groups")


def _settings() -> Settings:
    from icelos.settings import load

    return load().settings


def _people(settings: Settings) -> People:
    from icelos.data.workspace import Workspace
    from icelos.people.store import People

    return People(Workspace.of(settings).people)


def _sign_in_store(settings: Settings) -> SignIn:
    from icelos.data.workspace import Workspace
    from icelos.web.signin import SignIn

    return SignIn(Workspace.of(settings).console, hours=settings.web.session_hours)


def _owner(settings: Settings) -> str:
    from icelos.jobs.copilot.job import principal_of

    return principal_of(settings).name


def _there(people: People, name: str) -> None:
    from icelos.errors import InputError

    if people.user(name) is None:
        raise InputError(f"no user {name[:70]!r}", hint="`icelos users list` names all")


def _password() -> str:
    """Typed twice at a terminal, else the first line of standard input. Never an argument: those are seen."""
    from icelos.errors import InputError

    if not sys.stdin.isatty():
        return sys.stdin.readline(4096).rstrip("\r\n")
    from getpass import getpass

    password = getpass("Password: ", stream=sys.stderr)
    if getpass("Again: ", stream=sys.stderr) != password:
        raise InputError("the two are not the same")
    return password


def _show_user(user: User, *, json: bool) -> None:
    if json:
        output.json_line(user)
    else:
        output.line("  ".join(one for one in _user_row(user)[:4] if one))


def _user_row(user: User) -> tuple[str, ...]:
    state = "disabled" if user.disabled else "active"
    last = _day(user.signed_in) if user.signed_in else "never"
    return user.name, user.role.value, " ".join(user.groups), state, last


def _token_row(token: Token) -> tuple[str, ...]:
    last = _day(token.used) if token.used else "never"
    return token.id, token.user or "(owner)", token.label, " ".join(token.scopes), _day(token.expires), last


def _day(moment: datetime) -> str:
    return moment.date().isoformat()
