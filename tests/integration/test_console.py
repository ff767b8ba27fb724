"""The console in a real browser: asking, opening citations, keys, sizes, schemes, hostile text, broken lines.

Skipped where Chromium or playwright is absent. ICELOS_CHROMIUM names another browser binary.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import uvicorn
from fastapi import FastAPI

from icelos.contracts import Principal
from icelos.jobs.copilot.answers import Answer, Citation, Event, Nearest, Sentence, Status
from icelos.knowledge.store import KnowledgeStore
from icelos.people.roles import Role
from icelos.records import Document, Section
from icelos.settings import CopilotSettings, KnowledgeSettings, Settings, Workspace
from icelos.web import server
from icelos.web.app import create_app
from icelos.web.prepare import Prepare
from icelos.web.services import Services

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Locator, Page

playwright: Any = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser") or ""
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM, reason="Chromium is not installed"),
]
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip

EVIL = (
    'Reset it now. <img src=x onerror="window.pwned=1"> ![p](http://leak.example/p.png) '
    "<script>window.pwned=1</script> [c](javascript:window.pwned=1) \u202etxt.exe\u202c"
)
MORE = "More here. " * 400
DOCUMENTS = [
    Document(
        id="t1110-003", source="attack.json", title="T1110.003 Password Spraying", kind="technique",
        identifiers=("T1110.003",), url="https://attack.example/techniques/T1110/003",
        modified=datetime.now(UTC),
        sections=(
            Section("Description", "Adversaries may use one common password on many accounts.", "line 1"),
            Section("Detection", "Watch for failed sign-ins from one address. " + MORE, "line 5"),
        ),
    ),
    Document(
        id="evil", source="evil.md", title='<img src=x onerror="window.pwned=1">Runbook', kind="runbook",
        url="javascript:window.pwned=1", modified=datetime(2019, 1, 1, tzinfo=UTC),
        sections=(Section('<b onmouseover="window.pwned=1">Contain</b>', EVIL, "line 3"),),
    ),
]  # fmt: skip


VIOLATIONS = "document.addEventListener('securitypolicyviolation', (e) => console.error(e.violatedDirective))"
TOO_WIDE = """[...document.querySelectorAll('body *')]
  .filter((e) => e.checkVisibility() && !e.closest('.sprite') && !e.matches('.hidden, .skip'))
  .filter((e) => e.getBoundingClientRect().right > 361).map((e) => e.outerHTML.slice(0, 80))"""


class Scripted(Services):
    """The real services, with answers told by the question's first word where it names one."""

    gone = threading.Event()

    def stream(
        self, question: str, *, principal: Principal, conversation: str, explain: bool
    ) -> Iterator[Event]:
        told = {"hostile": self._hostile, "slow": self._slow, "missing": self._missing}.get(
            question.split()[0]
        )
        return (
            told(question)
            if told
            else super().stream(question, principal=principal, conversation=conversation, explain=explain)
        )

    def _hostile(self, question: str) -> Iterator[Event]:
        hit = self.knowledge.search("Reset", principal=self.principal)[0]
        cited = Citation(
            handle="K7f2", chunk_id=hit.chunk_id, document_id=hit.document_id, version=hit.version,
            title=hit.title, heading=hit.heading, quote="Reset it now.", source=hit.source,
            place=hit.place, kind=hit.kind, collection=hit.collection,
            url=hit.url, indexed=hit.indexed, modified=hit.modified, old=True,
        )  # fmt: skip
        sentence = Sentence(text=EVIL, handles=("K7f2", "Z9z9"), supported=False)
        yield Event(kind="status", text=EVIL)
        yield Event(kind="sentence", sentence=sentence, citations=(cited,))
        answer = Answer(
            question=question, status=Status.ANSWERED, sentences=(sentence,), citations=(cited,),
            notices=(EVIL,), dropped=(EVIL,), made_by={"answerer": EVIL}, answer_id="a1",
        )  # fmt: skip
        yield Event(kind="answer", answer=answer)

    def _slow(self, question: str) -> Iterator[Event]:
        self.gone.clear()
        try:
            yield Event(kind="sentence", sentence=Sentence(text="The first of many.", handles=()))
            while True:
                threading.Event().wait(0.05)
                yield Event(kind="status", text="still thinking")
        finally:
            self.gone.set()

    def _missing(self, question: str) -> Iterator[Event]:
        hit = self.knowledge.search("password", principal=self.principal)[0]
        near = Nearest(
            title=hit.title,
            source=hit.source,
            place=hit.place,
            document_id=hit.document_id,
            chunk_id=hit.chunk_id,
        )
        answer = Answer(
            question=question, status=Status.NOT_IN_SOURCES, nearest=(near,), notices=("Not here.",)
        )
        yield Event(kind="answer", answer=answer)


class Console:
    """A console in a thread, which may be stopped and started again on its port."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.port = 0
        self.start()

    def start(self) -> None:
        services = Scripted(self.settings)
        self.app: FastAPI = create_app(
            self.settings, services=services, prepare=Prepare(services, lambda _services, _progress: None)
        )
        self._listener = server.listen("127.0.0.1", self.port)
        self.port = self._listener.getsockname()[1]
        config = uvicorn.Config(self.app, log_config=None, timeout_graceful_shutdown=1, ws="none")
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([self._listener],), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(20)
        self._listener.close()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def link(self) -> str:
        return server.link(self.address, self.app.state.signin.new_token())


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with playwright.sync_playwright() as running:
        opened = running.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield opened
        opened.close()


@pytest.fixture
def console(tmp_path: Path) -> Iterator[Console]:
    settings = Settings(
        workspace=Workspace(home=str(tmp_path)), knowledge=KnowledgeSettings(encoder="off"),
        copilot=CopilotSettings(user="ann"),
    )  # fmt: skip
    with KnowledgeStore.open(settings) as store:
        store.add(DOCUMENTS, collection="test", path="test/")
    running = Console(settings)
    yield running
    running.stop()


class Watch:
    """What a page did that it must not do: script errors, policy violations, requests to elsewhere."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.problems: list[str] = []
        self.allowed: tuple[str, ...] = ()
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.problems.append(f"error: {error}"))
        page.on("dialog", lambda dialog: self.problems.append(f"dialog: {dialog.message}"))
        page.on("request", lambda request: self._asked(request.url, address))
        page.add_init_script(VIOLATIONS)

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not any(part in message.text for part in self.allowed):
            self.problems.append(f"{message.type}: {message.text}")

    def _asked(self, url: str, address: str) -> None:
        if not url.startswith(f"{address}/"):
            self.problems.append(f"request: {url}")

    def clean(self) -> None:
        assert self.problems == []
        assert self.page.evaluate("window.pwned") is None


Open = Callable[..., "Page"]


@pytest.fixture
def open_page(browser: Browser, console: Console) -> Iterator[Open]:
    """Opens a signed-in page; every page is checked for what it must not do at the end."""
    watches: list[Watch] = []

    def opened(
        width: int = 1280, height: int = 800, *, allowed: tuple[str, ...] = (), **options: Any
    ) -> Page:
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        page = context.new_page()
        page.set_default_timeout(20_000)
        watches.append(Watch(page, console.address))
        watches[-1].allowed = allowed
        page.goto(console.link())
        page.wait_for_selector("#console:not([hidden])")
        return page

    yield opened
    for watch in watches:
        watch.clean()
        watch.page.context.close()


def ask(page: Page, question: str) -> Locator:
    """Type a question, press Enter, wait for the end of its answer."""
    page.fill("#question", question)
    page.press("#question", "Enter")
    answer = page.locator(".turn").last.locator(".answer")
    playwright.expect(answer).to_have_attribute("aria-busy", "false", timeout=20_000)
    return answer


def test_a_question_is_answered_and_its_citation_opens_the_passage(open_page: Open) -> None:
    page = open_page()
    answer = ask(page, "What is T1110.003?")
    assert "one common password" in answer.inner_text()
    assert "No model is configured" in answer.inner_text()
    answer.locator(".cite").first.click()
    page.wait_for_selector("mark.passage")
    drawer = page.locator("#drawer")
    assert page.locator("mark.quote").inner_text() in page.locator("mark.passage").first.inner_text()
    for fact in (
        "T1110.003 Password Spraying",
        "Description",
        "line 1",
        "https://attack.example/techniques/T1110/003",
    ):
        assert fact in drawer.inner_text()
    assert page.locator("#drawer a").count() == 0
    assert "UTC" in (page.locator("#drawer time").first.get_attribute("title") or "")
    page.click("#close-drawer")
    assert drawer.is_hidden()


def test_the_token_leaves_the_address_and_works_once(
    open_page: Open, console: Console, browser: Browser
) -> None:
    page = open_page()
    assert page.url == f"{console.address}/"
    link = console.link()
    other = browser.new_context().new_page()
    other.goto(link)
    other.wait_for_selector("#console:not([hidden])")
    other.context.clear_cookies()
    other.goto("about:blank")
    other.goto(link)
    other.wait_for_selector("#gate:not([hidden])")
    playwright.expect(other.locator("#sign-in-error")).to_contain_text("wrong, used or older")
    other.fill("#token", link.partition("=")[2] + "x")
    other.press("#token", "Enter")
    playwright.expect(other.locator("#sign-in-error")).to_contain_text("wrong, used or older")
    other.goto(console.link())  # only the fragment changes: the page must notice
    other.wait_for_selector("#console:not([hidden])")
    other.context.close()


def sign_in(page: Page, name: str, password: str) -> None:
    page.click("#by-password")
    page.fill("#user", name)
    page.fill("#password", password)
    page.press("#password", "Enter")


def test_users_sign_in_by_name_and_see_what_is_theirs(console: Console, browser: Browser) -> None:
    people = console.app.state.services.people
    for name in ("bob", "carol"):
        people.add(name, role=Role.ANALYST, password=f"{name} has four words")
    page = browser.new_context().new_page()
    page.set_default_timeout(20_000)
    watch = Watch(page, console.address)
    watch.allowed = ("401",)
    page.goto(console.address)
    page.wait_for_selector("#gate:not([hidden])")
    sign_in(page, "bob", "not the four words")
    playwright.expect(page.locator("#sign-in-error")).to_contain_text("name or the password is wrong")
    sign_in(page, "bob", "bob has four words")
    page.wait_for_selector("#console:not([hidden])")
    assert page.locator("#who").inner_text().startswith("bob ")
    ask(page, "What is T1110.003?")
    playwright.expect(page.locator("#conversations button.open")).to_have_count(1)
    people.set_password("bob", "bob has other words")  # his session ends
    page.fill("#question", "What else?")
    page.press("#question", "Enter")
    page.wait_for_selector("#gate:not([hidden])")
    assert page.locator("#user").is_visible()  # the way that was used last
    sign_in(page, "carol", "carol has four words")
    page.wait_for_selector("#console:not([hidden])")
    playwright.expect(page.locator("#who")).to_contain_text("carol")
    playwright.expect(page.locator(".turn")).to_have_count(0)  # nothing of bob's stays
    assert page.locator("#conversations button.open").count() == 0
    watch.clean()
    page.context.close()


def test_everything_works_by_keyboard(open_page: Open) -> None:
    page = open_page()
    page.keyboard.press("Tab")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "question"
    page.keyboard.type("What is")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("T1110.003?")
    assert page.input_value("#question") == "What is\nT1110.003?"
    page.keyboard.press("Enter")
    playwright.expect(page.locator(".answer")).to_have_attribute("aria-busy", "false")
    playwright.expect(page.locator(".cite").first).to_be_visible()
    page.focus("#thread")
    tab_to(page, "cite")
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    page.keyboard.press("Enter")
    page.wait_for_selector("mark.passage")
    assert page.evaluate("document.activeElement.id") == "drawer-title"
    page.keyboard.press("Escape")
    assert page.locator("#drawer").is_hidden()
    assert "cite" in page.evaluate("document.activeElement.className")
    tab_to(page, "icon small")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    playwright.expect(page.locator('.thumbs [aria-pressed="true"]')).to_have_attribute(
        "aria-label", "Good answer"
    )


def tab_to(page: Page, name: str) -> None:
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.className") == name:
            return
    raise AssertionError(f"Tab does not reach .{name}")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_everything_without_scrolling_sideways(open_page: Open, scheme: str) -> None:
    page = open_page(360, 640, color_scheme=scheme, has_touch=True, is_mobile=True)

    def fits() -> None:
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        assert page.evaluate(TOO_WIDE) == []

    fits()
    ask(page, "hostile question")
    fits()
    page.locator(".cite").first.tap()
    page.wait_for_selector("mark.passage")
    fits()
    page.tap("#close-drawer")
    ask(page, "missing question")
    fits()
    page.tap("#open-sources")
    page.wait_for_selector(".source")
    fits()
    page.keyboard.press("Escape")
    page.tap("#open-list")
    fits()


def test_the_scheme_follows_the_system_and_the_toggle_stays(open_page: Open) -> None:
    light, dark = open_page(color_scheme="light"), open_page(color_scheme="dark")
    ground = "getComputedStyle(document.body).backgroundColor"
    assert light.evaluate(ground) != dark.evaluate(ground)
    light.click("#toggle-theme")
    assert light.evaluate(ground) == dark.evaluate(ground)
    light.reload()
    light.wait_for_selector("#console:not([hidden])")
    assert light.evaluate(ground) == dark.evaluate(ground)


def test_hostile_text_is_shown_and_nothing_else(open_page: Open) -> None:
    page = open_page()
    images = page.locator("img").count()
    answer = ask(page, "hostile <img src=x onerror=window.pwned=1>")
    assert '<img src=x onerror="window.pwned=1">' in answer.inner_text()
    assert "![p](http://leak.example/p.png)" in answer.inner_text()
    assert "\u202e" not in answer.inner_text()
    assert answer.locator(".cite").count() == 1  # a handle that was never given out opens nothing
    page.locator(".card-button").first.click()
    page.wait_for_selector("mark.quote")
    body = page.locator("#drawer").inner_text()
    assert "<script>window.pwned=1</script>" in body
    assert "javascript:window.pwned=1" in body
    assert page.locator("img").count() == images
    assert page.locator("#thread a, #drawer a, #thread script, #drawer script").count() == 0
    assert page.locator(".tag.old").count() >= 2


def test_what_is_not_there_says_so_and_shows_what_is_near(open_page: Open) -> None:
    page = open_page()
    answer = ask(page, "missing question")
    assert "Not in your sources" in answer.inner_text()
    answer.locator(".card-button").first.click()
    page.wait_for_selector("mark.passage")


def test_stopping_stops_the_work(open_page: Open) -> None:
    page = open_page()
    page.fill("#question", "slow question")
    page.press("#question", "Enter")
    playwright.expect(page.locator(".sentence")).to_contain_text("The first of many.")
    page.click("#send")
    playwright.expect(page.locator(".card.error")).to_contain_text("Stopped.")
    assert Scripted.gone.wait(5)


def test_a_lost_connection_keeps_what_was_typed_and_comes_back(open_page: Open, console: Console) -> None:
    page = open_page(
        allowed=("ERR_CONNECTION_REFUSED", "ERR_EMPTY_RESPONSE", "ERR_CONNECTION_RESET", "ERR_INCOMPLETE")
    )
    page.fill("#question", "slow question")
    page.press("#question", "Enter")
    playwright.expect(page.locator(".sentence")).to_contain_text("The first of many.")
    page.fill("#question", "What is T1110.003?")
    console.stop()
    playwright.expect(page.locator("#banner")).to_contain_text("Connection lost")
    assert page.input_value("#question") == "What is T1110.003?"
    playwright.expect(page.locator(".card.error")).to_contain_text("lost before the answer was whole")
    console.start()
    playwright.expect(page.locator("#banner")).to_contain_text("Connected again", timeout=30_000)
    page.reload()
    page.wait_for_selector("#console:not([hidden])")
    assert page.input_value("#question") == "What is T1110.003?"
    page.press("#question", "Enter")
    playwright.expect(page.locator(".cite").first).to_be_visible()


def test_conversations_are_kept_opened_and_deleted(open_page: Open) -> None:
    page = open_page()
    ask(page, "What is T1110.003?")
    ask(page, "How is it detected?")
    playwright.expect(page.locator("#conversations li")).to_have_count(1)
    page.locator('[aria-label="Bad answer"]').first.click()
    page.click("#new-conversation")
    assert page.locator(".welcome").is_visible()
    page.locator("#conversations .open").click()
    playwright.expect(page.locator(".turn")).to_have_count(2)
    pressed = page.locator(".turn").first.locator('[aria-label="Bad answer"]')
    playwright.expect(pressed).to_have_attribute("aria-pressed", "true")
    page.reload()
    playwright.expect(page.locator(".turn")).to_have_count(2)
    page.locator("#conversations li").hover()
    page.locator("#conversations .bin").click()
    page.locator("#conversations .bin.sure").click()
    playwright.expect(page.locator("#conversations .none")).to_be_visible()
    assert page.locator(".welcome").is_visible()


def test_an_ended_session_asks_to_sign_in_and_keeps_the_question(open_page: Open, console: Console) -> None:
    page = open_page(allowed=("401",))
    page.context.clear_cookies()
    page.fill("#question", "What is T1110.003?")
    page.press("#question", "Enter")
    page.wait_for_selector("#gate:not([hidden])")
    page.fill("#token", console.app.state.signin.new_token())
    page.press("#token", "Enter")
    page.wait_for_selector("#console:not([hidden])")
    assert "What is T1110.003?" in page.locator(".asked").inner_text()
    page.get_by_role("button", name="Ask again").click()
    playwright.expect(page.locator(".cite").first).to_be_visible()
