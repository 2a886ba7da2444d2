"""The benchmarks' designs: seeded, of the sizes they claim, with the equations of the model that is fitted."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

import pyasreml as pa
from benchmarks.designs import CASES
from benchmarks.designs.crossed import simulated_ratings
from benchmarks.designs.design import ar1_noise, generator
from benchmarks.designs.fields import field
from benchmarks.designs.neighbours import neighbours
from benchmarks.designs.pedigrees import GENERATIONS, regional, relationship_inverse

SMALL = {name: next(iter(case.sizes)) for name, case in CASES.items() if next(iter(case.sizes)) != "full"}


@pytest.mark.parametrize("name", SMALL)
def test_a_seed_gives_the_same_data(name):
    one, two = (CASES[name].make(**CASES[name].sizes[SMALL[name]]) for _ in range(2))
    assert one.frame.equals(two.frame)


@pytest.mark.parametrize("name", SMALL)
def test_equations_are_symmetric_and_positive_definite(name):
    design = CASES[name].make(**CASES[name].sizes[SMALL[name]])
    assert (design.equations is None) == (name in ("oats", "ige") or design.dense > 0)
    for C in design.equations() if design.equations else []:
        assert sparse.isspmatrix_csc(C) and abs(C - C.T).max() < 1e-9 * abs(C).max()
        if C.shape[0] <= 1500:
            np.linalg.cholesky(C.toarray())


@pytest.mark.filterwarnings("ignore::pyasreml.AsremlWarning")
@pytest.mark.parametrize("name", ["field", "sites_us", "us3", "us12", "regression", "crossed", "animals"])
def test_the_equations_have_the_order_of_the_fit(name):
    case = CASES[name]
    sizes = {"count": 500, "region_size": 100} if name == "animals" else case.sizes[SMALL[name]]
    design = case.make(**sizes)
    fit = pa.asreml(**design.arguments, data=design.frame, trace=False, maxit=1, ai_sing=True)
    fixed = int(fit.residuals.notna().to_numpy().sum()) - int(fit.nedf)
    assert design.equations()[0].shape[0] == fixed + len(fit.coefficients.random)


def test_simulated_ratings_have_the_shape_of_the_published_ones():
    frame = simulated_ratings()
    assert len(frame) == 73_421
    assert [frame[c].cat.categories.size for c in ("s", "d", "dept", "service")] == [2972, 1128, 14, 2]
    assert set(frame["y"]) == {1.0, 2.0, 3.0, 4.0, 5.0}


def test_the_noise_of_a_field_has_its_autocorrelations():
    noise = ar1_noise(generator(1), 400, 400, (0.6, 0.4))
    assert np.var(noise) == pytest.approx(1.0, abs=0.05)
    assert np.mean(noise[1:] * noise[:-1]) == pytest.approx(0.6, abs=0.03)
    assert np.mean(noise[:, 1:] * noise[:, :-1]) == pytest.approx(0.4, abs=0.03)


def test_units_are_white_noise_on_top_of_the_field():
    with_units, without = field(25, units=True), field(25)
    assert "units" in with_units.arguments["random"] and "units" not in without.arguments["random"]
    assert len(with_units.equations()) == 2  # either part may stand as the residual


def test_parents_are_of_the_generation_before_and_mostly_of_the_own_region():
    sire, dam, region = regional(generator(3), 10_000, 10, migration=0.05)
    generation = np.arange(10_000) // 1000
    born = sire >= 0
    for parent in (sire, dam):
        assert (generation[born] == generation[parent[born]] + 1).all()
    assert (region[born] == region[dam[born]]).all()
    assert np.mean(region[born] != region[sire[born]]) == pytest.approx(0.05 * 0.9, abs=0.01)
    assert born.sum() == 10_000 * (GENERATIONS - 1) // GENERATIONS


def test_inverse_relationships_without_inbreeding_are_those_of_ainverse():
    sire = np.array([-1, -1, -1, 0, 0])
    dam = np.array([-1, -1, -1, 1, 2])
    ped = {"id": np.arange(1, 6), "sire": sire + 1, "dam": dam + 1}
    triplets = np.asarray(pa.ainverse(ped))
    want = np.zeros((5, 5))
    for row, column, value in triplets:
        want[int(row) - 1, int(column) - 1] = want[int(column) - 1, int(row) - 1] = value
    np.testing.assert_allclose(relationship_inverse(sire, dam).toarray(), want, atol=1e-12)


def test_neighbours_by_distance():
    plan = np.array([[0, 5, 1, 6], [2, 7, 3, 8], [4, 9, 0, 5]])
    own, other = neighbours(plan, True, 10).toarray(), neighbours(plan, False, 10).toarray()
    middle = 1 * 2 + 1  # row 1, the second focal column: cell (1, 2) between columns 1 and 3
    np.testing.assert_allclose(own[middle], [1, 1, 0, 0, 0, 0, 0, 0, 0, 0])
    corner = 1 / np.sqrt(2)
    np.testing.assert_allclose(other[middle], [0, 0, 0, 0, 0, 2 * corner, corner, 1, 1, corner])
