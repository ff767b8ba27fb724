"""Settings: icelos.toml < environment (ICELOS_SECTION_KEY) < flags. Unknown keys are refused.

`load()` returns `Settings` and remembers where each value came from; `icelos config show` prints both.
The file is the first of: the path given, $ICELOS_CONFIG, ./icelos.toml, <home>/icelos.toml.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta, Struct

from icelos.errors import SettingsError

Positive = Annotated[int, Meta(ge=1)]


class Workspace(Struct, frozen=True, kw_only=True):
    """Where Icelos keeps its data."""

    home: Annotated[
        str, Meta(description="Folder of stores, caches and feeds; empty = the user's data folder")
    ] = ""


class LLMSettings(Struct, frozen=True, kw_only=True):
    """The model endpoint. With no `base_url` Icelos answers extractively and says so."""

    base_url: Annotated[
        str, Meta(description="OpenAI-compatible endpoint, such as http://127.0.0.1:8000/v1")
    ] = ""
    model: Annotated[str, Meta(description="Model name that the endpoint knows")] = ""
    api_key: Annotated[str, Meta(description="Secret; set it by ICELOS_LLM_API_KEY, it is never shown")] = ""
    timeout_s: Annotated[float, Meta(gt=0, description="Seconds to wait for one reply")] = 120.0
    connect_timeout_s: Annotated[
        float, Meta(gt=0, description="Seconds to wait for a connection to the endpoint")
    ] = 10.0
    idle_timeout_s: Annotated[
        float, Meta(gt=0, description="Seconds of silence after which a streamed reply is given up")
    ] = 60.0
    total_timeout_s: Annotated[
        float, Meta(gt=0, description="Seconds for one reply with all its tries and waits")
    ] = 600.0
    max_retries: Annotated[
        int, Meta(ge=0, le=20, description="Tries after the first that failed retryably")
    ] = 4
    concurrency: Annotated[int, Meta(ge=1, description="Calls under way at once")] = 4
    max_calls: Annotated[
        int, Meta(ge=0, description="Budget of calls for a run, or a day of a server; 0 = none")
    ] = 0
    max_tokens: Annotated[
        int, Meta(ge=0, description="Budget of tokens for a run, or a day of a server; 0 = none")
    ] = 0
    max_seconds: Annotated[
        float, Meta(ge=0, description="Budget of model seconds for a run, or a day of a server; 0 = none")
    ] = 0.0
    max_cost: Annotated[float, Meta(ge=0, description="Budget of money, by the prices below; 0 = none")] = 0.0
    reply_tokens: Annotated[int, Meta(ge=1, description="Most tokens in one reply")] = 1024
    temperature: Annotated[float, Meta(ge=0, le=2, description="Sampling temperature")] = 0.0
    price_prompt: Annotated[float, Meta(ge=0, description="Price of a million prompt tokens")] = 0.0
    price_completion: Annotated[float, Meta(ge=0, description="Price of a million reply tokens")] = 0.0
    cache: Annotated[
        Literal["auto", "always", "off"],
        Meta(description="Keep replies on disk by model, messages and schema; auto = at temperature 0"),
    ] = "auto"
    cache_mib: Annotated[int, Meta(ge=1, description="Size of that cache; the least used go first")] = 256
    trace: Annotated[
        Literal["off", "redacted", "full"], Meta(description="What the trace of calls keeps of their text")
    ] = "redacted"
    trace_days: Annotated[int, Meta(ge=1, description="Days until a trace file is deleted")] = 30
    redact: Annotated[
        Literal["remote", "always", "never"],
        Meta(description="When secrets and personal data are replaced before a call"),
    ] = "remote"

    def __repr__(self) -> str:
        """Without the key: a repr ends up in logs and tracebacks."""
        return f"LLMSettings(base_url={self.base_url!r}, model={self.model!r})"


class KnowledgeSettings(Struct, frozen=True, kw_only=True):
    """The knowledge store and its search."""

    encoder: Annotated[
        Literal["auto", "off"], Meta(description="Use the sentence encoder where installed")
    ] = "auto"
    lexical_weight: Annotated[
        float, Meta(ge=0, le=1, description="Share of the lexical score in the sum")
    ] = 0.3
    stale_days: Annotated[int, Meta(ge=1, description="A source older than this is said to be old")] = 730
    max_file_mib: Annotated[
        int, Meta(ge=1, description="Files larger than this are refused with a reason")
    ] = 64


class CopilotSettings(Struct, frozen=True, kw_only=True):
    """How the copilot answers."""

    max_sentences: Annotated[int, Meta(ge=1, le=50, description="Most sentences in an extractive answer")] = 5
    passages: Annotated[int, Meta(ge=1, le=50, description="Passages retrieved for one question")] = 8
    agent: Annotated[
        Literal["auto", "on", "off"],
        Meta(description="Questions by tools over findings and logs: those that ask for it, all, or none"),
    ] = "auto"
    agent_calls: Annotated[
        Literal["auto", "native", "json"],
        Meta(description="How a model asks for tools: native calls, or JSON; auto = native where it can"),
    ] = "auto"
    agent_steps: Annotated[int, Meta(ge=1, le=100, description="Turns of a model for one question")] = 12
    agent_tool_calls: Annotated[int, Meta(ge=1, le=1000, description="Tool calls for one question")] = 60
    agent_tokens: Annotated[int, Meta(ge=100, description="Tokens of a model for one question")] = 60_000
    agent_seconds: Annotated[
        float, Meta(gt=0, le=3600, description="Seconds after which no further step is begun")
    ] = 60.0
    agent_rows: Annotated[int, Meta(ge=1, le=10_000, description="Facts shown to a model, all together")] = (
        300
    )
    user: Annotated[str, Meta(description="Principal of the command line; empty = the login name")] = ""
    groups: Annotated[tuple[str, ...], Meta(description="Groups of that principal")] = ()


class NewsFeed(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An RSS or Atom feed: its address, where its entries go, and who may read them (empty: everyone).

    `private` lets it be on the own network, `plaintext` without encryption.
    """

    url: str
    collection: str = "news"
    groups: tuple[str, ...] = ()
    private: bool = False
    plaintext: bool = False


class LearningSettings(Struct, frozen=True, kw_only=True):
    """What the copilot learns from those who use it."""

    apply: Annotated[
        bool, Meta(description="Let what groups have taught move documents in their answers")
    ] = True
    hours: Annotated[
        float, Meta(ge=0, description="Hours between two times that the console learns; 0 = only by command")
    ] = 24.0
    cap: Annotated[
        float, Meta(ge=0, le=1, description="Most that votes add to a score, of which the best page has 1")
    ] = 0.4
    half_life_days: Annotated[float, Meta(gt=0, description="Days after which a vote counts half")] = 180.0
    voters: Annotated[
        int, Meta(ge=1, description="People of a group who must agree on a document, at least")
    ] = 2
    voter_share: Annotated[
        float, Meta(ge=0, le=1, description="Share of the group that must agree, where that is more")
    ] = 0.1


class FeedSettings(Struct, frozen=True, kw_only=True):
    """Which parts of the vulnerability feeds are fetched where no part is named, and which news."""

    news: Annotated[
        dict[str, str | NewsFeed],
        Meta(description="News feeds (RSS, Atom) by name: an address, or a table with url and groups"),
    ] = {}

    osv_ecosystems: Annotated[
        tuple[str, ...], Meta(description="Ecosystems of OSV that are fetched, such as PyPI or Debian:12")
    ] = ("PyPI", "npm", "Go", "Maven", "RubyGems", "crates.io", "NuGet", "Packagist", "Debian:12",
         "Debian:13", "Ubuntu:22.04:LTS", "Ubuntu:24.04:LTS", "AlmaLinux:8", "AlmaLinux:9", "Red Hat",
         "Wolfi", "Chainguard")  # fmt: skip
    alpine_releases: Annotated[
        tuple[str, ...], Meta(description="Releases of Alpine whose security fixes are fetched")
    ] = ("v3.18", "v3.19", "v3.20", "v3.21", "v3.22")
    nvd_first_year: Annotated[int, Meta(ge=1999, description="First year of NVD that is fetched")] = 2002
    nvd_api_key: Annotated[
        str, Meta(description="Secret; set it by ICELOS_FEEDS_NVD_API_KEY, it is never shown")
    ] = ""

    def __repr__(self) -> str:
        """Without the key: a repr ends up in logs and tracebacks."""
        return f"FeedSettings(osv_ecosystems={self.osv_ecosystems!r})"


class ScheduleSettings(Struct, frozen=True, kw_only=True):
    """What `icelos serve` and `icelos feeds watch` do by themselves. Nothing is fetched unless named here."""

    feeds: Annotated[
        tuple[str, ...],
        Meta(
            description="Public feeds that are fetched again and again, such as kev, epss, osv; empty = none"
        ),
    ] = ()
    news: Annotated[bool, Meta(description="Fetch the news feeds of [feeds.news] again and again")] = False
    mirror: Annotated[
        str, Meta(description="Folder or address from which those feeds come; empty = their publishers")
    ] = ""
    sbom_folders: Annotated[
        tuple[str, ...],
        Meta(description="Folders whose bills of materials are kept and analysed as they change"),
    ] = ()
    every: Annotated[
        dict[str, str],
        Meta(description='How often, by name: {kev = "6h", news = "1h"}; docs/upkeep.md lists the defaults'),
    ] = {}


class RetentionSettings(Struct, frozen=True, kw_only=True):
    """After how many days what is kept goes. Nothing goes unless it is named here."""

    days: Annotated[
        dict[str, int],
        Meta(description="Days by kind: {failures = 90}; `icelos retention show` lists the kinds"),
    ] = {}


class EngineSettings(Struct, frozen=True, kw_only=True):
    """How runs are cut and when they stop."""

    batch_size: Annotated[
        int, Meta(ge=0, description="Records scored together; 0 = as many as the job likes")
    ] = 0
    batch_mib: Annotated[int, Meta(ge=1, description="Size of records scored together, at most")] = 16
    batch_seconds: Annotated[
        float, Meta(gt=0, description="Seconds that a record waits for others to be scored with, at most")
    ] = 1.0
    workers: Annotated[int, Meta(ge=1, description="Workers that score at once")] = 1
    worker_kind: Annotated[
        Literal["auto", "thread", "process"],
        Meta(description="What workers are; auto = threads for jobs that wait for a network, else processes"),
    ] = "auto"
    partitions: Annotated[
        int, Meta(ge=1, description="States of a job that has any; its findings depend on how many there are")
    ] = 1
    max_failures: Annotated[int, Meta(ge=0, description="Stop after more failures than this; 0 = never")] = 0
    max_consecutive_failures: Annotated[
        int, Meta(ge=0, description="Stop after more failures than this behind each other; 0 = never")
    ] = 0
    max_failure_ratio: Annotated[
        float, Meta(ge=0, le=1, description="Stop where a larger share of at least 1,000 records fails")
    ] = 1.0
    sink_patience_s: Annotated[
        float, Meta(ge=0, description="Seconds that a sink which cannot write is tried again")
    ] = 300.0
    checkpoint_seconds: Annotated[
        float, Meta(gt=0, description="Seconds between two checkpoints, at least")
    ] = 10.0
    ray_address: Annotated[
        str, Meta(description="Ray cluster, such as 10.0.0.1:6379; empty = one of its own on this machine")
    ] = ""
    ray_cpus: Annotated[float, Meta(ge=0, description="Processors that each worker takes on Ray")] = 1.0
    ray_gpus: Annotated[float, Meta(ge=0, description="GPUs that each takes there, or a share of one")] = 0.0
    ray_memory_mib: Annotated[
        int, Meta(ge=0, description="Memory that each asks for there; 0 = none said")
    ] = 0
    ray_minimum: Annotated[
        int, Meta(ge=1, description="Workers without state to begin with; up to `workers` as they are needed")
    ] = 1
    metrics_token: Annotated[
        str, Meta(description="Secret; set it by ICELOS_ENGINE_METRICS_TOKEN, it is never shown")
    ] = ""
    stalled_after_s: Annotated[
        float, Meta(gt=0, description="Seconds of silence after which /healthz calls a run stalled")
    ] = 300.0

    def __repr__(self) -> str:
        """Without the token: a repr ends up in logs and tracebacks."""
        return f"EngineSettings(workers={self.workers!r}, partitions={self.partitions!r})"


class KafkaSettings(Struct, frozen=True, kw_only=True):
    """Who signs in to a Kafka cluster."""

    username: Annotated[str, Meta(description="User, where the location says sasl=…")] = ""
    password: Annotated[
        str, Meta(description="Secret; set it by ICELOS_KAFKA_PASSWORD, it is never shown")
    ] = ""
    key_password: Annotated[
        str, Meta(description="Secret of the private key; set it by ICELOS_KAFKA_KEY_PASSWORD")
    ] = ""

    def __repr__(self) -> str:
        """Without the passwords: a repr ends up in logs and tracebacks."""
        return f"KafkaSettings(username={self.username!r})"


class PipelineSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A pipeline by name: what `icelos scan` would be told. Names of jobs and formats are registered ones."""

    job: str
    sources: tuple[str, ...]
    sink: str = ""
    format: str = ""
    engine: Literal["local", "ray", "kafka"] = "local"
    shard: str = ""
    options: dict[str, str] = {}
    workers: Positive | None = None
    partitions: Positive | None = None


class VulnSettings(Struct, frozen=True, kw_only=True):
    """What only the owner of a system knows of it."""

    mission_impact: Annotated[
        Literal["", "low", "medium", "high"],
        Meta(description="What the system means for mission and well-being, for SSVC; empty = not said"),
    ] = ""
    watch: Annotated[
        tuple[str, ...],
        Meta(description="Vendors and products without a bill of materials that news are watched for"),
    ] = ()


class MailSettings(Struct, frozen=True, kw_only=True):
    """How mail is judged."""

    review: Annotated[float, Meta(ge=0, le=1, description="Score from which a mail is put to review")] = 0.5
    alert: Annotated[float, Meta(ge=0, le=1, description="Score from which a mail is an alert")] = 0.9
    trusted_servers: Annotated[
        tuple[str, ...],
        Meta(description="Names of own servers in Authentication-Results; empty = the topmost header counts"),
    ] = ()
    own_domains: Annotated[
        tuple[str, ...], Meta(description="The organisation's own domains, watched for imitations")
    ] = ()
    partner_domains: Annotated[
        tuple[str, ...], Meta(description="Domains of banks, suppliers and the like, watched for imitations")
    ] = ()
    vips: Annotated[
        tuple[str, ...], Meta(description="People worth imitating: Name <address>, as signals look for them")
    ] = ()
    encoder: Annotated[
        Literal["on", "off"],
        Meta(description="Judge meaning by the sentence encoder too, where installed: slower"),
    ] = "off"
    senders: Annotated[
        bool, Meta(description="Keep sketches of senders (hashes and counts), to see accounts taken over")
    ] = True
    imap_password: Annotated[
        str, Meta(description="Secret; set it by ICELOS_MAIL_IMAP_PASSWORD, it is never shown")
    ] = ""
    check_origin: Annotated[
        bool, Meta(description="Check DKIM, ARC and DMARC here, by DNS, where no trusted server has done so")
    ] = False
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
        Literal["review", "alert"],
        Meta(description="Verdict that is 5.0 points and X-Spam-Flag: YES: review or alert"),
    ] = "review"
    on_review: Annotated[
        Literal["deliver", "tag", "quarantine", "reject"],
        Meta(description="For mail to review: deliver, tag, quarantine or reject"),
    ] = "tag"
    on_alert: Annotated[
        Literal["deliver", "tag", "quarantine", "reject"],
        Meta(description="For alerts: deliver, tag, quarantine or reject"),
    ] = "tag"
    on_error: Annotated[
        Literal["deliver", "defer"],
        Meta(description="For mail without a verdict: deliver (fail open) or defer (fail closed)"),
    ] = "deliver"
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

    def __repr__(self) -> str:
        """Without the password: a repr ends up in logs and tracebacks."""
        return f"MailSettings(review={self.review!r}, alert={self.alert!r})"


class WebSettings(Struct, frozen=True, kw_only=True):
    """The console and its API."""

    host: Annotated[str, Meta(description="Address to bind to; loopback unless told otherwise")] = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535, description="Port; 0 = any free one")] = 8787
    hosts: Annotated[
        tuple[str, ...], Meta(description="Further host names that the console answers to, as behind a proxy")
    ] = ()
    session_hours: Annotated[int, Meta(ge=1, description="Hours until a sign-in ends")] = 12
    proxies: Annotated[
        tuple[str, ...],
        Meta(description="Addresses or networks of own proxies, whose X-Forwarded-For is believed"),
    ] = ()
    requests_per_minute: Annotated[
        int, Meta(ge=0, description="Requests of one user or API token in a minute; 0 = no limit")
    ] = 1200
    questions_per_minute: Annotated[
        int, Meta(ge=0, description="Questions of one user or API token in a minute; 0 = no limit")
    ] = 60
    metrics_token: Annotated[
        str, Meta(description="Secret; set it by ICELOS_WEB_METRICS_TOKEN, it is never shown")
    ] = ""

    def __repr__(self) -> str:
        """Without the token: a repr ends up in logs and tracebacks."""
        return f"WebSettings(host={self.host!r}, port={self.port!r})"


class Settings(Struct, frozen=True, kw_only=True):
    """All settings, a section each."""

    workspace: Workspace = Workspace()
    llm: LLMSettings = LLMSettings()
    knowledge: KnowledgeSettings = KnowledgeSettings()
    copilot: CopilotSettings = CopilotSettings()
    learning: LearningSettings = LearningSettings()
    feeds: FeedSettings = FeedSettings()
    schedule: ScheduleSettings = ScheduleSettings()
    retention: RetentionSettings = RetentionSettings()
    engine: EngineSettings = EngineSettings()
    kafka: KafkaSettings = KafkaSettings()
    vulns: VulnSettings = VulnSettings()
    mail: MailSettings = MailSettings()
    web: WebSettings = WebSettings()
    pipelines: dict[str, PipelineSettings] = {}

    @property
    def home(self) -> Path:
        """The workspace folder, absolute; not created here."""
        return Path(self.workspace.home).expanduser().absolute() if self.workspace.home else default_home()


class Origin(Struct, frozen=True):
    """One setting with its value and where it came from, secrets masked."""

    name: str
    value: Any
    origin: str
    description: str


SECRETS = frozenset(
    {
        "llm.api_key",
        "feeds.nvd_api_key",
        "mail.imap_password",
        "engine.metrics_token",
        "web.metrics_token",
        "kafka.password",
        "kafka.key_password",
    }
)


def secrets_of(settings: Settings) -> list[str]:
    """Their values, where they are set: what no log may show."""
    names = [name.split(".") for name in sorted(SECRETS)]
    values = [str(getattr(getattr(settings, section), key)) for section, key in names]
    return [value for value in values if value]


class Loaded(Struct, frozen=True):
    """Settings and the origin of each value by its dotted name."""

    settings: Settings
    origins: Mapping[str, str]

    def shown(self) -> Iterator[Origin]:
        """Every setting, in order, fit to print."""
        for name, description in described().items():
            section, key = name.split(".")
            value = getattr(getattr(self.settings, section), key)
            if name in SECRETS:
                value = "(set)" if value else "(not set)"
            yield Origin(name, value, self.origins.get(name, "default"), description)


def default_home() -> Path:
    """$XDG_DATA_HOME/icelos, else ~/.local/share/icelos. Raises SettingsError for a user without a home."""
    base = os.environ.get("XDG_DATA_HOME")
    try:
        return (Path(base) if base else Path.home() / ".local" / "share") / "icelos"
    except RuntimeError as error:
        hint = "set ICELOS_HOME to a folder that you may write"
        raise SettingsError("this user has no home folder", hint=hint) from error


@cache
def described() -> Mapping[str, str]:
    """Dotted name -> description of every setting."""
    return {f"{section}.{key}": text for section, kind in _sections().items() for key, text in _fields(kind)}


def load(
    path: Path | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    flags: Mapping[str, object] | None = None,
) -> Loaded:
    """Settings from file, environment and flags (dotted names; None is "not given").

    Raises SettingsError for an unreadable file, an unknown key or a value out of its type or range.
    """
    environ = os.environ if environ is None else environ
    values: dict[str, tuple[object, str]] = {}
    file = _find_file(path, environ)
    if file is not None:
        values.update(_from_file(file))
    values.update(_from_environment(environ))
    values.update({name: (value, "flag") for name, value in (flags or {}).items() if value is not None})
    return Loaded(_build(values), {name: origin for name, (_, origin) in values.items()})


def _sections() -> dict[str, type[Struct]]:
    named = {field.name: field.type for field in msgspec.structs.fields(Settings)}
    del named["pipelines"]  # whose keys are the user's own
    return named


@cache
def _hints(kind: type[Struct]) -> Mapping[str, Any]:
    return get_type_hints(kind, include_extras=True)


def _fields(kind: type[Struct]) -> Iterator[tuple[str, str]]:
    hints = _hints(kind)
    for field in msgspec.structs.fields(kind):
        meta = [m for m in get_args(hints[field.name])[1:] if isinstance(m, Meta)]
        yield field.name, next((m.description for m in meta if m.description), "")


def _find_file(path: Path | None, environ: Mapping[str, str]) -> Path | None:
    if path is None and environ.get("ICELOS_CONFIG"):
        path = Path(environ["ICELOS_CONFIG"])
    if path is not None:
        if not path.is_file():
            raise SettingsError("no such settings file", source=str(path))
        return path
    candidates = [Path("icelos.toml")]
    with suppress(SettingsError):  # a user without a home has no file there
        candidates.append(default_home() / "icelos.toml")
    return next((p for p in candidates if _is_there(p)), None)


def _is_there(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # in a folder that we may not enter
        return False


def _from_file(file: Path) -> dict[str, tuple[object, str]]:
    try:
        table = tomllib.loads(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"cannot read settings: {error}", source=str(file)) from error
    values: dict[str, tuple[object, str]] = {}
    for section, content in table.items():
        if not isinstance(content, dict):
            raise SettingsError(f"{section!r} must be a section, [{section}]", source=str(file))
        if section == PIPELINES:
            values[section] = (_pipelines(content, str(file)), str(file))
            continue
        for key, value in content.items():
            _check_known(f"{section}.{key}", str(file))
            values[f"{section}.{key}"] = (value, str(file))
    return values


PIPELINES = "pipelines"


def _pipelines(tables: Mapping[str, object], source: str) -> dict[str, PipelineSettings]:
    found: dict[str, PipelineSettings] = {}
    for name, table in tables.items():
        try:
            found[name] = msgspec.convert(table, PipelineSettings)
        except msgspec.ValidationError as error:
            raise SettingsError(f"[{PIPELINES}.{name}]: {error}", source=source) from error
    return found


_OTHER_VARIABLES = frozenset({"ICELOS_CONFIG", "ICELOS_DATA", "ICELOS_HOME"})


def _from_environment(environ: Mapping[str, str]) -> dict[str, tuple[object, str]]:
    names = {f"ICELOS_{name.replace('.', '_').upper()}": name for name in described()}
    names["ICELOS_HOME"] = "workspace.home"
    values: dict[str, tuple[object, str]] = {}
    for variable, text in environ.items():
        if not variable.startswith("ICELOS_"):
            continue
        if variable in names:
            values[names[variable]] = (text, variable)
        elif variable not in _OTHER_VARIABLES:
            raise SettingsError("unknown setting", source=variable, hint=_did_you_mean(variable, list(names)))
    return values


def _check_known(name: str, source: str) -> None:
    if name not in described():
        raise SettingsError(
            f"unknown setting {name!r}", source=source, hint=_did_you_mean(name, list(described()))
        )


def _did_you_mean(word: str, known: list[str]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(word, known, n=1)
    return f"did you mean {close[0]}?" if close else "`icelos config show` lists all"


def _build(given_values: Mapping[str, tuple[object, str]]) -> Settings:
    values = dict(given_values)
    pipelines, _ = values.pop(PIPELINES, ({}, ""))
    for name, (_, origin) in values.items():
        _check_known(name, origin)
    sections: dict[str, Struct] = {}
    for section, kind in _sections().items():
        given: dict[str, object] = {}
        for name, (value, origin) in values.items():
            if name.split(".")[0] == section:
                given[name.split(".")[1]] = _convert(kind, name, value, origin)
        sections[section] = kind(**given)
    return Settings(**sections, pipelines=pipelines)  # type: ignore[arg-type]


def _convert(kind: type[Struct], name: str, value: object, origin: str) -> object:
    hint = _hints(kind).get(name.split(".")[1])
    if hint is None:
        raise SettingsError(f"unknown setting {name!r}", source=origin)
    plain = get_args(hint)[0] if get_origin(hint) is Annotated else hint
    if isinstance(value, str) and get_origin(plain) is tuple:
        value = [part.strip() for part in value.split(",") if part.strip()]
    try:
        if isinstance(value, str) and get_origin(plain) is dict:
            value = msgspec.json.decode(value)  # in the environment, a table is JSON
        return msgspec.convert(value, hint, strict=not isinstance(value, str))
    except msgspec.DecodeError as error:  # of which ValidationError is one
        shown = "(secret)" if name in SECRETS else repr(value)
        raise SettingsError(f"{name} = {shown}: {error}", source=origin) from error
