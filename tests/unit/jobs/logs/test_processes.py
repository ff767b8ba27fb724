from __future__ import annotations

import os
import signal
import threading

import pytest

from icelos.jobs.logs.processes import deaf_to_interrupts


@pytest.mark.skipif(signal.getsignal(signal.SIGINT) is signal.SIG_IGN, reason="started without Ctrl-C")
def test_ctrl_c_that_another_thread_takes_is_heard_behind_the_start_of_a_process() -> None:
    before, reached = signal.getsignal(signal.SIGINT), list[bool]()
    with pytest.raises(KeyboardInterrupt):
        _deafly(reached)
    assert reached
    assert signal.getsignal(signal.SIGINT) is before
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, set())


def _deafly(reached: list[bool]) -> None:
    with deaf_to_interrupts():
        thread = threading.Thread(target=_interrupt)
        thread.start()
        thread.join()
        reached.append(True)


def _interrupt() -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    os.kill(os.getpid(), signal.SIGINT)


def test_nothing_is_heard_where_nothing_was_said() -> None:
    before = signal.getsignal(signal.SIGINT)
    with deaf_to_interrupts():
        assert signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, set())
    assert signal.getsignal(signal.SIGINT) is before
