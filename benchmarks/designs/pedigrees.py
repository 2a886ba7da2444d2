"""Animal models: populations in regions or mating at random, one trait or two."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

import pyasreml as pa

from .design import Design, FloatArray, IntArray, beside, coefficient_matrix, generator, indicators, kron

GENERATIONS = 10


def regional(
    random: np.random.Generator,
    animals: int,
    regions: int,
    migration: float = 0.01,
    sires: float = 0.05,
    dams: float = 0.3,
) -> tuple[IntArray, IntArray, IntArray]:
    """Sire, dam (codes, -1 unknown) and region of the animals of ten generations of equal size.

    Parents are of the generation before and of the own region; a sire comes from any region with probability
    `migration`. `sires` and `dams` are the parts of a generation that breed.
    """
    size = animals // GENERATIONS
    k = size // regions
    sire = np.full(size * GENERATIONS, -1, np.int64)
    dam = sire.copy()
    region = np.tile(np.repeat(np.arange(regions), k), GENERATIONS)
    males, females = max(1, int(sires * k)), max(1, int(dams * k))
    home = np.repeat(np.arange(regions), k)
    for t in range(1, GENERATIONS):
        order = random.permuted(np.tile(np.arange(k), (regions, 1)), axis=1)
        parents = order + (np.arange(regions) * k)[:, None] + (t - 1) * size
        origin = np.where(random.random(size) < migration, random.integers(0, regions, size), home)
        mine = slice(t * size, (t + 1) * size)
        sire[mine] = parents[origin, random.integers(0, males, size)]
        dam[mine] = parents[home, males + random.integers(0, females, size)]
    return sire, dam, region


def mating_at_random(
    random: np.random.Generator, animals: int, sires: float = 0.05, dams: float = 0.5, family: int = 1
) -> tuple[IntArray, IntArray]:
    """Sire and dam of the animals of ten generations without regions, in full-sib families of `family`."""
    size = animals // GENERATIONS
    sire = np.full(size * GENERATIONS, -1, np.int64)
    dam = sire.copy()
    males, females = max(1, int(sires * size)), max(1, int(dams * size))
    families = -(-size // family)
    for t in range(1, GENERATIONS):
        previous = random.permutation(size) + (t - 1) * size
        mine = slice(t * size, (t + 1) * size)
        sire[mine] = np.repeat(previous[random.integers(0, males, families)], family)[:size]
        dam[mine] = np.repeat(previous[males + random.integers(0, females, families)], family)[:size]
    return sire, dam


def breeding_values(random: np.random.Generator, sire: IntArray, dam: IntArray, G: FloatArray) -> FloatArray:
    """Breeding values (n, t) by generations: half of each parent's and a Mendelian part of variance G / 2."""
    size = sire.size // GENERATIONS
    root = np.linalg.cholesky(G)
    u = random.standard_normal((sire.size, len(G))) @ root.T
    for t in range(1, GENERATIONS):
        mine = slice(t * size, (t + 1) * size)
        u[mine] = 0.5 * (u[sire[mine]] + u[dam[mine]]) + 0.5**0.5 * u[mine]
    return np.asarray(u)


def relationship_inverse(sire: IntArray, dam: IntArray) -> sparse.csc_matrix:
    """A⁻¹ by Henderson's (1976) rules without inbreeding: pattern and scale are what a factorisation meets."""
    n = sire.size
    known = (sire >= 0, dam >= 0)
    i = np.arange(n)
    rows = np.concatenate([i, i[known[0]], i[known[1]]])
    columns = np.concatenate([i, sire[known[0]], dam[known[1]]])
    values = np.concatenate([np.ones(n), np.full(rows.size - n, -0.5)])
    T = sparse.csr_matrix((values, (rows, columns)), shape=(n, n))
    own: Any = sparse.diags(1.0 / (1.0 - 0.25 * known[0] - 0.25 * known[1]))
    return sparse.csc_matrix(T.T @ own @ T)


def _pedigree_frame(sire: IntArray, dam: IntArray) -> pd.DataFrame:
    return pd.DataFrame({"animal": np.arange(1, sire.size + 1), "sire": sire + 1, "dam": dam + 1})


def _animal_column(n: int, names: pd.Index) -> pd.Categorical:
    return pd.Categorical.from_codes(np.arange(n), categories=names)


def animals(
    count: int, region_size: int = 1000, migration: float = 0.01, workspace: str | None = None, seed: int = 7
) -> Design:
    """One record an animal; contemporary groups are regions by generations; heritability 1/3.

    With `region_size` 0 the whole population mates at random, in full-sib families of ten, and 100 groups are met at
    random. With `workspace` the fit has that much and no equations are made for others: it is to be refused.
    """
    random = generator(seed)
    if region_size:
        sire, dam, region = regional(random, count, max(1, count // region_size), migration)
        group = region * GENERATIONS + np.arange(sire.size) // (count // GENERATIONS)
    else:
        sire, dam = mating_at_random(random, count, dams=0.1, family=10)
        group = random.integers(0, 100, sire.size)
    n = sire.size
    u = breeding_values(random, sire, dam, np.eye(1))[:, 0]
    groups = int(group.max()) + 1
    y = 100.0 + random.normal(0, 1, groups)[group] + u + random.normal(0, 2**0.5, n)
    pedigree = _pedigree_frame(sire, dam)
    names = pd.Index(pedigree["animal"].astype(str))
    frame = pd.DataFrame(
        {
            "animal": _animal_column(n, names),
            "cg": pd.Categorical.from_codes(group, categories=pd.Index([f"c{i + 1}" for i in range(groups)])),
            "y": y,
        }
    )
    arguments: dict[str, Any] = {
        "fixed": "y ~ 1",
        "sparse": "~ cg",
        "random": "~ vm(animal, ainv)",
        "known": {"ainv": pa.ainverse(pedigree)},
    }

    if workspace is not None:
        return Design(frame, {**arguments, "workspace": workspace}, pedigree=pedigree)

    def equations() -> list[sparse.csc_matrix]:
        W = beside(indicators(group, groups), sparse.identity(n))
        return [coefficient_matrix(W, [2.0 * relationship_inverse(sire, dam)])]

    return Design(frame, arguments, equations, pedigree=pedigree)


def two_traits(count: int, region_size: int = 1000, seed: int = 8) -> Design:
    """A bivariate animal model: G = [1 .4; .4 .8], R = [2 .6; .6 1.5]."""
    random = generator(seed)
    sire, dam, _ = regional(random, count, max(1, count // region_size))
    n = sire.size
    G, R = np.array([[1.0, 0.4], [0.4, 0.8]]), np.array([[2.0, 0.6], [0.6, 1.5]])
    y = np.array([10.0, 20.0]) + breeding_values(random, sire, dam, G)
    y = y + random.standard_normal((n, 2)) @ np.linalg.cholesky(R).T
    pedigree = _pedigree_frame(sire, dam)
    names = pd.Index(pedigree["animal"].astype(str))
    frame = pd.DataFrame({"animal": _animal_column(n, names), "y1": y[:, 0], "y2": y[:, 1]})
    arguments = {
        "fixed": "cbind(y1, y2) ~ trait",
        "random": "~ us(trait):vm(animal, ainv)",
        "residual": "~ id(units):us(trait)",
        "known": {"ainv": pa.ainverse(pedigree)},
    }

    def equations() -> list[sparse.csc_matrix]:
        W = kron(beside(np.ones((n, 1)), sparse.identity(n)), np.eye(2))
        prior = kron(relationship_inverse(sire, dam), np.linalg.inv(G))
        return [coefficient_matrix(W, [prior], kron(sparse.identity(n), np.linalg.inv(R)))]

    return Design(frame, arguments, equations, pedigree=pedigree)
