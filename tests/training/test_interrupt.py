"""Ctrl-C waits until a step is done. These are real signals."""

import os
import signal
import threading

import pytest

from charlstm.training.interrupt import ctrl_c_waits


@pytest.fixture(autouse=True)
def _ctrl_c_interrupts():
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_the_block_is_done_before_the_interrupt():
    done = []
    with pytest.raises(KeyboardInterrupt), ctrl_c_waits():
        signal.raise_signal(signal.SIGINT)
        done.append("all of it")
    assert done
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_without_ctrl_c_nothing_happens_and_an_error_goes_through():
    with pytest.raises(ZeroDivisionError), ctrl_c_waits():
        _ = 1 / 0
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_handler_of_another_kind_gets_each_signal_afterwards():
    got = []
    signal.signal(signal.SIGINT, lambda number, _: got.append(number))
    with ctrl_c_waits():
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        assert not got
    assert got == [signal.SIGINT] * 2


@pytest.mark.parametrize("handler", [signal.SIG_IGN, signal.SIG_DFL])
def test_what_python_does_not_handle_is_left_alone(handler):
    signal.signal(signal.SIGINT, handler)
    with ctrl_c_waits():
        assert signal.getsignal(signal.SIGINT) is handler


@pytest.mark.skipif(os.name == "nt", reason="Windows has no signals between processes")
def test_another_thread_waits_for_nothing():
    seen = []

    def work():
        with ctrl_c_waits():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [signal.default_int_handler]
