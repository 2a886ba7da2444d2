"""Structures that offer a factor T: T T' = Σ, its derivatives, and Σ at the edge of its cone."""

from __future__ import annotations

import numpy as np
import pytest

from pyasreml.bind.bound import StructureCall
from pyasreml.errors import ModelError
from pyasreml.variance.base import NotFeasible
from pyasreml.variance.factored import semidefinite_root
from pyasreml.variance.registry import make_structure

LEVELS = ("a", "b", "c", "d")
NAMES = ["us", "fa", "facv", "rr"]


def made(name):
    structure = make_structure(StructureCall(name, "t", 4, LEVELS, order=2, text=f"{name}(t, 2)"))
    rng = np.random.default_rng(1)
    theta = np.array([rng.uniform(0.3, 1.0) if p.type == "V" else rng.normal() for p in structure.parameters])
    if name == "us":
        half = rng.normal(size=(4, 4))
        theta = (half @ half.T)[np.tril_indices(4)]
    free = np.array([p.code != "F" for p in structure.parameters])
    theta[~free] = 0.0
    return structure, theta, free


@pytest.mark.parametrize("name", NAMES)
def test_factor_and_its_derivatives(name):
    structure, theta, free = made(name)
    factor = structure.factor_matrix(theta)
    np.testing.assert_allclose(factor @ factor.T, structure.matrix(theta), atol=1e-12)
    point, x = structure.factor_at(theta), np.random.default_rng(2).normal(size=(4, 3))
    moved = structure.slopes_times(theta, x)
    for i in np.flatnonzero(free):
        h = 1e-6
        up, down = theta.copy(), theta.copy()
        up[i] += h
        down[i] -= h
        slope = (structure.factor_at(up).values - structure.factor_at(down).values) / (2 * h)
        np.testing.assert_allclose(point.slopes[i], slope, atol=1e-7)
        want = (structure.matrix(up) - structure.matrix(down)) @ x / (2 * h)
        np.testing.assert_allclose(moved[i], want, atol=1e-7)


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_root_of_a_singular_matrix(rank):
    half = np.random.default_rng(rank).normal(size=(4, rank))
    root = semidefinite_root(half @ half.T)
    np.testing.assert_allclose(root @ root.T, half @ half.T, atol=1e-7)


def test_an_indefinite_matrix_has_no_root():
    with pytest.raises(NotFeasible):
        semidefinite_root(np.array([[1.0, 2.0], [2.0, 1.0]]))
    with pytest.raises(NotFeasible):
        semidefinite_root(np.array([[0.0, 1.0], [1.0, 1.0]]))


def test_reduced_rank_has_no_specific_variance():
    structure, theta, _ = made("rr")
    assert [p.code for p in structure.parameters[:4]] == ["F"] * 4
    theta[1] = 0.5
    with pytest.raises(NotFeasible):
        structure.factor_at(theta)


def test_more_factors_than_levels_are_refused():
    with pytest.raises(ModelError, match="rr\\(t, 5\\): 5 factors need"):
        make_structure(StructureCall("rr", "t", 4, LEVELS, order=5, text="rr(t, 5)"))
