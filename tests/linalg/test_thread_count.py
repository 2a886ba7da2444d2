"""How many threads are taken: as asked, or what other processes and the environment leave."""

from __future__ import annotations

import pytest

from pyasreml.linalg import threads
from pyasreml.linalg.threads import threads_to_use


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch):
    for name in threads.LIMITS:
        monkeypatch.delenv(name, raising=False)

    def make(processors: int, load: float) -> None:
        monkeypatch.setattr(threads, "_processors", lambda: processors)
        monkeypatch.setattr(threads, "_load", lambda: load)

    return make


def test_a_number_is_taken_as_it_is(machine) -> None:
    machine(4, 20.0)
    assert threads_to_use(3) == 3
    assert threads_to_use(-1) == 4


@pytest.mark.parametrize(("load", "want"), [(0.0, 4), (1.0, 4), (2.0, 3), (3.6, 1), (4.0, 1), (9.0, 1)])
def test_a_busy_machine_leaves_fewer(machine, load: float, want: int) -> None:
    machine(4, load)
    assert threads_to_use() == want


def test_limits_of_the_environment(machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine(64, 0.0)
    assert threads_to_use() == threads.MOST
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "2")
    assert threads_to_use() == 2
    assert threads_to_use(5) == 5


def test_quota_of_a_container(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    quota = tmp_path / "cpu.max"
    monkeypatch.setattr(threads, "QUOTA", quota)
    free = threads._processors()
    quota.write_text("max 100000\n")
    assert threads._processors() == free
    quota.write_text("100000 100000\n")
    assert threads._processors() == 1
