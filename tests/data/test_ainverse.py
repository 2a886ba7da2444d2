"""A⁻¹ against dense matrices by the tabular method, and what impossible pedigrees are answered with."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import pyasreml as pa
from tests.data.tabular import Random, dense, frame, random_pedigree, tabular

TOLERANCE = {"rtol": 0, "atol": 1e-8}


def check(table: pd.DataFrame, a: np.ndarray) -> None:
    inverse = dense(table)
    np.testing.assert_allclose(inverse @ a, np.eye(len(a)), **TOLERANCE)
    np.testing.assert_allclose(table.attrs["logdet"], -np.linalg.slogdet(a)[1], **TOLERANCE)
    np.testing.assert_allclose(table.attrs["inbreeding"], np.diagonal(a) - 1, **TOLERANCE)
    place = table["Row"].to_numpy() * (len(a) + 1) + table["Column"].to_numpy()
    assert (np.diff(place) > 0).all() and (table["Row"] >= table["Column"]).all()


@pytest.mark.parametrize("seed", range(40))
def test_inbreeding(seed: int) -> None:
    rng = np.random.default_rng(seed)
    ped = random_pedigree(rng, int(rng.integers(2, 60)))
    check(pa.ainverse(frame(ped)), tabular(ped.first, ped.second))


@pytest.mark.parametrize("seed", range(40))
def test_partial_selfing(seed: int) -> None:
    rng = np.random.default_rng(100 + seed)
    ped = random_pedigree(rng, 30, unknown=0.4)
    s = float(rng.choice([0.0, 0.1, 0.35, 1.0]))
    n = len(ped.first)
    a = np.zeros((n, n))
    for i, (p, q) in enumerate(zip(ped.first, ped.second, strict=True)):
        known = [x for x in (p, q) if x >= 0]
        if len(known) == 1:  # with probability s the parent gave both gametes
            a[i, :i] = (s + (1 - s) / 2) * a[known[0], :i]
            a[i, i] = 1 + s * a[known[0], known[0]] / 2
        elif known:
            a[i, :i] = (a[p, :i] + a[q, :i]) / 2
            a[i, i] = 1 + a[p, q] / 2
        else:
            a[i, i] = 1
        a[:i, i] = a[i, :i]
    check(pa.ainverse(frame(ped), selfing=s), a)


@pytest.mark.parametrize("seed", range(40))
def test_generations_of_selfing(seed: int) -> None:
    """An individual selfed k times is the last of a chain, each the selfing of the one before."""
    rng = np.random.default_rng(200 + seed)
    ped = random_pedigree(rng, 25, selfed=0.0)
    level = rng.integers(0, 4, len(ped.first)).astype(float)
    first: list[int] = []
    second: list[int] = []
    base: list[float] = []
    place: list[int] = []
    for i, (p, q) in enumerate(zip(ped.first, ped.second, strict=True)):
        if p < 0 and q < 0 and rng.random() < 0.5:
            level[i] = 0.3
        first.append(place[p] if p >= 0 else -1)
        second.append(place[q] if q >= 0 else -1)
        base.append(1.3 if level[i] == 0.3 else 1.0)
        for _ in range(int(level[i])):
            first.append(len(first) - 1)
            second.append(first[-1])
            base.append(1.0)
        place.append(len(first) - 1)
    a = tabular(first, second, np.array(base))[np.ix_(place, place)]
    check(pa.ainverse(frame(ped, F=level), fgen=("F", 0.0)), a)


@pytest.mark.parametrize("seed", range(20))
def test_maternal_grandsires(seed: int) -> None:
    """The female parent is somebody whose male parent is the grandsire."""
    rng = np.random.default_rng(300 + seed)
    ped = random_pedigree(rng, 25, selfed=0.0)
    first: list[int] = []
    second: list[int] = []
    place: list[int] = []
    for p, q in zip(ped.first, ped.second, strict=True):
        dam = -1
        if q >= 0:
            first.append(place[q])
            second.append(-1)
            dam = len(first) - 1
        first.append(place[p] if p >= 0 else -1)
        second.append(dam)
        place.append(len(first) - 1)
    check(pa.ainverse(frame(ped), mgs=True), tabular(first, second)[np.ix_(place, place)])


@pytest.mark.parametrize("seed", range(20))
def test_x_chromosome(seed: int) -> None:
    """Males hold one allele, from their mother; females that of their father and one of their mother's two."""
    rng = np.random.default_rng(400 + seed)
    n = 25
    male = rng.random(n) < 0.5
    male[:2] = [True, False]
    first, second = [-1, -1], [-1, -1]
    for i in range(2, n):
        first.append(int(rng.choice(np.flatnonzero(male[:i]))) if rng.random() < 0.8 else -1)
        second.append(int(rng.choice(np.flatnonzero(~male[:i]))) if rng.random() < 0.8 else -1)
    alleles: list[list[int]] = []
    shares: list[dict[int, float]] = []  # an allele's origins among earlier alleles

    def new(origin: dict[int, float]) -> int:
        shares.append(origin)
        return len(shares) - 1

    for i in range(n):
        mother = {k: 0.5 for k in alleles[second[i]]} if second[i] >= 0 else {}
        mine = [new(mother)]
        if not male[i]:
            mine.append(new({alleles[first[i]][0]: 1.0} if first[i] >= 0 else {}))
        alleles.append(mine)
    g = np.zeros((len(shares), len(shares)))
    for k, origin in enumerate(shares):
        for other, share in origin.items():
            g[k, :k] += share * g[other, :k]
        g[:k, k] = g[k, :k]
        g[k, k] = 1.0
    z = np.zeros((n, len(shares)))
    for i, mine in enumerate(alleles):
        z[i, mine] = 1.0
    table = pa.ainverse(frame(Random(first, second), sex=np.where(male, "m", "w")), gender="sex")
    a = z @ g @ z.T / 2
    np.testing.assert_allclose(dense(table) @ a, np.eye(n), **TOLERANCE)
    expected = np.where(male, 0.0, np.diagonal(a) - 1)
    np.testing.assert_allclose(table.attrs["inbreeding"], expected, **TOLERANCE)


@pytest.mark.parametrize("seed", range(40))
def test_genetic_groups(seed: int) -> None:
    rng = np.random.default_rng(500 + seed)
    groups, n = 3, 30
    ped = random_pedigree(rng, n)
    a = tabular(ped.first, ped.second)
    q = np.zeros((n, groups))
    names = [f"G{k}" for k in range(groups)] + [f"i{k}" for k in range(n)]
    sides: list[list[str]] = [["0"] * groups, ["0"] * groups]
    members = set()
    for i in range(n):
        for side, parents in zip(sides, (ped.first, ped.second), strict=True):
            p = parents[i]
            group = int(rng.integers(groups)) if i else 0 if side is sides[0] else 1
            side.append(names[groups + p] if p >= 0 else names[group])
            q[i] += 0.5 * (q[p] if p >= 0 else np.eye(groups)[group])
            members |= {group} if p < 0 else set()
    inverse = np.linalg.inv(a)
    whole = np.block([[q.T @ inverse @ q, -q.T @ inverse], [-inverse @ q, inverse]])
    given = pd.DataFrame({"id": names, "male": sides[0], "female": sides[1]})
    if len(members) == groups:
        np.testing.assert_allclose(dense(pa.ainverse(given, groups=groups)), whole, **TOLERANCE)
    table = pa.ainverse(given, groups=groups, groupOffset=0.5)
    whole[np.arange(groups), np.arange(groups)] += 0.5
    np.testing.assert_allclose(dense(table), whole, **TOLERANCE)
    np.testing.assert_allclose(table.attrs["logdet"], np.linalg.slogdet(whole)[1], **TOLERANCE)
    assert table.attrs["geneticGroups"].tolist() == [3.0, 0.5]


def test_inbred_lines() -> None:
    """Lines wholly inbred: twice the matrix of their gametes."""
    ped = pd.DataFrame({"id": list("abcd"), "male": ["0", "0", "a", "c"], "female": ["0", "0", "b", "a"]})
    table = pa.ainverse(ped, inBreed=1.0)
    a = np.array([[2, 0, 1, 1.5], [0, 2, 1, 0.5], [1, 1, 2, 1.5], [1.5, 0.5, 1.5, 2]])
    np.testing.assert_allclose(dense(table) @ a, np.eye(4), **TOLERANCE)


def test_order_and_implicit_parents() -> None:
    ped = pd.DataFrame({"id": ["c", "a"], "male": ["a", "x"], "female": ["y", None]})
    with pytest.raises(
        pa.DataError, match="'a' is a parent of 'c' .row 1. and has its own row after it .row 2.; psort"
    ):
        pa.ainverse(ped)
    table = pa.ainverse(ped, psort=True)
    assert list(table.attrs["rowNames"]) == ["y", "x", "a", "c"]
    a = tabular([-1, -1, 0, 2], [-1, -1, -1, 1])
    at = [list(table.attrs["rowNames"]).index(k) for k in ("x", "y", "a", "c")]
    np.testing.assert_allclose(dense(table)[np.ix_(at, at)] @ a, np.eye(4), **TOLERANCE)


def test_numbers_factors_and_missing_marks() -> None:
    numbers = pd.DataFrame({"id": [1, 2, 3], "s": [np.nan, np.nan, 1.0], "d": [0, 0, 2]})
    texts = {"id": ["1", "2", "3"], "s": pd.Categorical(["NA", "*", "1"]), "d": ["0", "0", "2"]}
    for given in (numbers, texts, pd.DataFrame(texts)):
        table = pa.ainverse(given)
        assert list(table.attrs["rowNames"]) == ["1", "2", "3"]
        np.testing.assert_allclose(dense(table), [[1.5, 0.5, -1], [0.5, 1.5, -1], [-1, -1, 2]])


def bad(rows: str) -> pd.DataFrame:
    cells = [row.split() for row in rows.split(", ")]
    return pd.DataFrame(cells, columns=["id", "s", "d", "x"][: len(cells[0])])


@pytest.mark.parametrize(
    ("rows", "options", "message"),
    [
        ("a 0 0, b a 0, a 0 0", {}, "'a' is in rows 1 and 3; every individual has one row"),
        ("a 0 0, b b a", {}, "'b' is its own parent .row 2."),
        ("a c 0, b a 0, c b 0", {"psort": True}, "a loop, each a parent of the next: 'b' → 'c' → 'a' → 'b'"),
        ("a 0, b a", {}, "three columns"),
        ("NA 0 0, b 0 0", {}, "row 1 has no individual"),
        ("a 0 0 2, b a 0 1.5", {"fgen": "x"}, "x of 'b' is 1.5"),
        ("a 0 0 2, b a 0 1", {"fgen": "gen"}, "no column 'gen'"),
        ("a 0 0 m, b a 0 m", {"gender": "x"}, "x has 1 levels"),
        ("a 0 0 m, b 0 a w", {"gender": "x"}, "'a' is a female parent, but its x says otherwise"),
        ("a 0 0, b a 0", {"groups": 1}, "'b' .row 2. has an unknown parent; with groups"),
        ("a 0 0, b a a", {"groups": 7}, "groups = 7"),
        ("G 0 0, a G H", {"groups": 1}, "parent 'H' has no row of its own"),
        ("G H 0, a G G", {"groups": 1}, "'G' is a genetic group"),
        ("a 0 0 1, b a a 3", {"inBreed": 1}, "'b' has nothing of its own"),
    ],
)
def test_impossible_pedigrees(rows: str, options: dict[str, object], message: str) -> None:
    with pytest.raises(pa.DataError, match=message):
        pa.ainverse(bad(rows), **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"selfing": 0.1, "mgs": True}, "selfing and mgs do not go together"),
        ({"inBreed": 1.5}, "inBreed must be from 0 to 1"),
        ({"fgen": ("F", 1.0)}, "inbreeding of parents without a row"),
        ({"gender": "F", "groups": 1}, "gender and groups"),
    ],
)
def test_arguments_that_do_not_go(options: dict[str, object], message: str) -> None:
    with pytest.raises(pa.AsremlError, match=message):
        pa.ainverse(bad("a 0 0, b a 0"), **options)


def test_groups_without_members() -> None:
    with pytest.raises(pa.UnsupportedError, match="'H' without members"):
        pa.ainverse(bad("G 0 0, H 0 0, a G G"), groups=2)
    assert len(pa.ainverse(bad("G 0 0, H 0 0, a G G"), groups=2, groupOffset=-1)) == 4


@pytest.mark.slow
def test_a_million_animals() -> None:
    import time

    rng = np.random.default_rng(1)
    per, generations = 100_000, 10
    sire, dam = np.zeros(per * generations, int), np.zeros(per * generations, int)
    for k in range(1, generations):
        now = slice(k * per, (k + 1) * per)
        sire[now] = rng.choice(rng.choice(per, per // 20, replace=False), per) + (k - 1) * per + 1
        dam[now] = rng.choice(rng.choice(per, per // 2, replace=False), per) + (k - 1) * per + 1
    ped = pd.DataFrame({"id": np.arange(1, per * generations + 1), "sire": sire, "dam": dam})
    start = time.process_time()
    table = pa.ainverse(ped)
    assert time.process_time() - start < 10
    assert 0 < table.attrs["inbreeding"].mean() < 1e-3
