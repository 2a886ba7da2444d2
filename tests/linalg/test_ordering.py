"""Elimination orders: valid permutations, fill, dense rows, forced columns, coordinates."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest

from pyasreml.linalg import Pattern, analyze, build_pattern, ordering
from pyasreml.linalg.ordering import choose

has_metis = importlib.util.find_spec("pymetis") is not None
needs_metis = pytest.mark.skipif(not has_metis, reason="pymetis is not installed")


def random_pattern(seed: int) -> Pattern:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 400))
    m = int(n * n * rng.choice([0.001, 0.005, 0.02, 0.2]) / 2)
    i, j = rng.integers(0, n, m), rng.integers(0, n, m)
    rows, cols = np.maximum(i, j), np.minimum(i, j)
    if seed % 3 == 0:  # a few rows with many neighbours
        hub = rng.integers(0, n, 3)
        rows = np.r_[rows, np.maximum(np.repeat(hub, n), np.tile(np.arange(n), 3))]
        cols = np.r_[cols, np.minimum(np.repeat(hub, n), np.tile(np.arange(n), 3))]
    return build_pattern(n, rows, cols)[0]


def grid(size: int) -> tuple[Pattern, np.ndarray]:
    """Nine-point grid and its coordinates."""
    r, c = np.divmod(np.arange(size * size), size)
    rows, cols = [], []
    for dr, dc in [(0, 1), (1, 0), (1, 1), (1, -1)]:
        ok = (r + dr < size) & (c + dc >= 0) & (c + dc < size)
        rows.append(np.flatnonzero(ok) + dr * size + dc)
        cols.append(np.flatnonzero(ok))
    return build_pattern(size * size, np.concatenate(rows), np.concatenate(cols))[0], np.c_[r, c].astype(float)


@pytest.mark.parametrize("seed", range(150))
def test_permutations(seed: int) -> None:
    pattern = random_pattern(seed)
    n = pattern.n
    rng = np.random.default_rng(seed)
    last = rng.permutation(n)[: min(n, seed % 5)]
    for order in ["auto", "amd", "natural"] + (["metis"] if has_metis and seed % 10 == 0 else []):
        choice = choose(pattern, order, last)
        assert np.array_equal(np.sort(choice.perm), np.arange(n))
        assert choice.perm[n - len(last) :].tolist() == last.tolist()


def test_minimum_degree_has_no_fill_on_a_tree() -> None:
    rng = np.random.default_rng(0)
    n = 3000
    up = np.array([rng.integers(max(0, i - 50), i) for i in range(1, n)])
    pattern, _ = build_pattern(n, np.arange(1, n), up)
    assert choose(pattern, "amd").nnz == 2 * n - 1


def test_a_hub_does_not_fill_the_factor() -> None:
    n = 2000
    pattern, _ = build_pattern(n, np.arange(1, n), np.zeros(n - 1))
    choice = choose(pattern)
    assert choice.perm[-1] == 0
    assert choice.nnz == 2 * n - 1


def test_small_systems_keep_their_order_while_it_is_cheap() -> None:
    assert choose(build_pattern(36, *np.tril_indices(36))[0]).name == "natural"
    n = 290  # an arrow the wrong way round
    arrow, _ = build_pattern(n, np.arange(1, n), np.zeros(n - 1))
    choice = choose(arrow)
    assert (choice.name, choice.nnz) == ("amd", 2 * n - 1)


@needs_metis
def test_the_cheapest_order_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    pattern, x = grid(60)
    flops = {name: choose(pattern, name).flops for name in ("amd", "metis")}
    monkeypatch.setattr(ordering, "METIS_FLOPS", 0)
    monkeypatch.setattr(ordering, "METIS_FLOPS_EACH", 0)
    assert choose(pattern).flops == min(flops.values())
    assert choose(pattern, coordinates=x).flops <= min(flops.values())


def test_dissection_by_coordinates_of_a_grid() -> None:
    pattern, x = grid(60)
    geometric = choose(pattern, coordinates=x)
    assert np.array_equal(np.sort(geometric.perm), np.arange(3600))
    assert geometric.flops <= choose(pattern, "amd").flops
    x[:40] = np.nan
    x[100:200] = 7.0
    assert np.array_equal(np.sort(choose(pattern, coordinates=x).perm), np.arange(3600))


def test_coordinates_are_asked_for_only_where_they_can_pay() -> None:
    asked = []

    def places(size: int) -> np.ndarray:
        asked.append(size)
        return grid(size)[1]

    for size in (12, 70):
        pattern, x = grid(size)
        choice = choose(pattern, coordinates=lambda size=size: places(size))
        assert choice.flops == min(choice.flops, choose(pattern, coordinates=x).flops)
    assert asked == [70]
    assert choose(pattern, coordinates=lambda: None).perm.size == 4900


def test_metis_may_not_take_longer_than_two_factorizations() -> None:
    pattern, _ = grid(200)  # METIS: 0.25 s
    assert not ordering._worth_metis(pattern, 1e9)
    assert ordering._worth_metis(pattern, 1e10)
    small, _ = grid(40)  # next to nothing
    assert ordering._worth_metis(small, 1e8)
    assert not ordering._worth_metis(small, 1e6)


@pytest.mark.parametrize("seed", range(10))
def test_dissection_of_any_graph_is_a_permutation(seed: int) -> None:
    from pyasreml.linalg import _linalg

    pattern = random_pattern(seed)
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 6, (pattern.n, 1 + seed % 3)).astype(float)
    x[rng.random(pattern.n) < 0.1] = np.nan
    perm = _linalg.dissect(pattern.indptr, pattern.indices, x)
    assert np.array_equal(np.sort(perm), np.arange(pattern.n))


@needs_metis
def test_metis_where_there_is_nothing_to_cut() -> None:
    assert choose(build_pattern(5, [], [])[0], "metis").nnz == 5
    assert choose(build_pattern(0, [], [])[0], "metis").nnz == 0


def test_order_names_reach_the_analysis() -> None:
    pattern, _ = build_pattern(3, [1, 2], [0, 0])
    assert analyze(pattern).order == "natural"
    assert analyze(pattern, order="amd").order == "amd"
    assert analyze(pattern, order=[2, 0, 1]).order == "given"


def test_bad_orders() -> None:
    pattern, _ = build_pattern(3, [], [])
    with pytest.raises(ValueError, match="unknown order"):
        choose(pattern, "best")
    with pytest.raises(ValueError, match="permutation"):
        choose(pattern, [0, 1, 1])
    with pytest.raises(ValueError, match="distinct"):
        choose(pattern, last=[0, 0])
    with pytest.raises(ValueError, match="coordinates"):
        choose(pattern, coordinates=np.zeros(3))


def test_rows_that_are_long_for_a_large_system_come_last_and_cost_no_time():
    # two chains of 15,000 and 40 groups that hold every 40th equation: 750 neighbours, between 3 and 10 sqrt(n)
    n, groups = 30_000, 40
    i = np.arange(n - 1)
    chain = i[i != n // 2 - 1]
    rows = np.concatenate([chain + 1, n + np.arange(n) % groups])
    cols = np.concatenate([chain, np.arange(n)])
    pattern, _ = build_pattern(n + groups, rows, cols)
    choice = choose(pattern, "amd")
    assert sorted(choice.perm[-groups:]) == list(range(n, n + groups))
    assert choice.nnz < 50 * n


def test_hubs_come_last_where_that_is_cheap():
    """Leaves of four equations each, all with ten hubs: the hubs last, at no more cost than by degrees alone."""
    leaf, hubs = np.arange(1200).reshape(300, 4), 1200 + np.arange(10)
    pairs = [(leaf[:, i], leaf[:, j]) for i in range(4) for j in range(i + 1)]
    pairs += [(np.full(300, h), leaf[:, k % 4]) for k, h in enumerate(hubs)]
    row, col = (np.concatenate(x) for x in zip(*pairs, (hubs, hubs), strict=True))
    pattern, _ = build_pattern(1210, row, col)
    found = choose(pattern)
    assert set(found.perm[-10:]) == set(hubs)
    assert found.flops <= choose(pattern, "amd").flops
