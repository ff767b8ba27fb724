"""Cancelling runs what was registered, in order of threads, and stays."""

from __future__ import annotations

import contextvars
import threading
import time

import pytest

from icelos.errors import ModelError
from icelos.llm import cancel
from icelos.llm.cancel import Cancel, pause


def test_callbacks_run_only_during_their_block() -> None:
    switch, ran = Cancel(), []
    with switch.calling(lambda: ran.append("early")):
        pass
    with switch.calling(lambda: ran.append("during")):
        switch.cancel()
    assert ran == ["during"]
    with pytest.raises(ModelError, match="cancelled"), switch.calling(lambda: ran.append("late")):
        pass
    assert ran == ["during"]


def test_switch_is_that_of_the_block_and_thread() -> None:
    switch, inner, seen = Cancel(), Cancel(), []
    with switch.watching():
        with inner.watching():
            assert cancel.current() is inner
        assert cancel.current() is switch
        thread = threading.Thread(target=lambda: seen.append(cancel.current()))
        thread.start()
        thread.join()
    assert seen == [None]
    assert cancel.current() is None


def test_block_may_end_in_another_context() -> None:
    block = Cancel().watching()
    contextvars.copy_context().run(block.__enter__)
    assert not block.__exit__(None, None, None)


def test_pause_ends_at_once() -> None:
    switch = Cancel()
    threading.Timer(0.1, switch.cancel).start()
    started = time.monotonic()
    with switch.watching(), pytest.raises(ModelError, match="cancelled"):
        pause(30)
    assert time.monotonic() - started < 5
