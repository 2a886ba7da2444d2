"""Every row of the registry in a random term, in a residual term and in a product: the optimum, ``init=``, codes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import pyasreml as pa
from pyasreml.variance.registry import STRUCTURES
from tests.reml.dense import reference
from tests.variance import every

QUIET: dict[str, Any] = {"trace": False, "known": every.KNOWN}
RANDOM_ONLY = ("rr", "vm", "ide")
RESIDUAL = [name for name in STRUCTURES if name not in RANDOM_ONLY]
ONCE, TWICE = every.records(1), every.records(2)


def random_term(name: str, outer: str, init: str = "") -> str:
    before = f"{outer}:vm(Time, K) + " if name == "ide" else ""
    return f"~ {before}{outer}:{every.call(name, init)}"


def assert_optimum(fit: pa.Asreml) -> None:
    """The log-likelihood is that of the dense formulas, and so much below its maximum at most (half of U'A⁻¹U)."""
    assert fit.converge
    table, codes = fit.engine.variance.parameters, fit.vparameters_con.to_numpy()
    want = reference(fit.engine, fit.estimates.point.theta)
    assert fit.loglik == pytest.approx(want.loglik, abs=1e-7)
    free = np.array([i for i, c in enumerate(codes) if c not in "FB" or i == table.sigma2])
    score = want.score[free]
    gain = 0.5 * score @ np.linalg.lstsq(want.ai[np.ix_(free, free)], score, rcond=1e-12)[0]
    assert abs(gain) < 1e-6
    for i in np.flatnonzero(codes == "B"):
        assert want.score[i] < 1e-3


@pytest.mark.parametrize("name", STRUCTURES)
def test_random_term(name: str) -> None:
    assert_optimum(pa.asreml("h ~ Time", random=random_term(name, "Plant"), data=TWICE, exact=True, **QUIET))


@pytest.mark.parametrize("name", STRUCTURES)
def test_product_with_an_autoregression(name: str) -> None:
    fit = pa.asreml("h ~ Time", random=random_term(name, "ar1(Plant)"), data=TWICE, exact=True, **QUIET)
    assert any(n.endswith("!Plant!cor") for n in fit.vparameters.index)
    assert_optimum(fit)


@pytest.mark.parametrize("outer", ["id(Plant)", "ar1(Plant)"])
@pytest.mark.parametrize("name", RESIDUAL)
def test_residual_term(name: str, outer: str) -> None:
    fit = pa.asreml("h ~ Time", residual=f"~ {outer}:{every.call(name)}", data=ONCE, exact=True, **QUIET)
    assert_optimum(fit)


@pytest.mark.parametrize("name", RANDOM_ONLY)
def test_not_in_the_residual(name: str) -> None:
    with pytest.raises(pa.AsremlError, match=rf"{name}.*(random formula|needs an inverse)"):
        pa.asreml("h ~ Time", residual=f"~ id(Plant):{every.call(name)}", data=ONCE, **QUIET)


def _table(name: str, init: str, residual: bool) -> pd.DataFrame:
    given = {"residual": f"~ id(Plant):{every.call(name, init)}", "data": ONCE}
    if not residual:
        given = {"random": random_term(name, "Plant", init), "data": TWICE}
    table: pd.DataFrame = pa.asreml("h ~ Time", start_values=True, **given, **QUIET).vparameters_table
    return table


def _own_rows(name: str, table: pd.DataFrame, residual: bool) -> pd.DataFrame:
    """Rows of the structure's parameters: without the automatic scale and the residual's."""
    own = ~table.Component.str.endswith("!R")
    if name not in ("id", "idv"):
        own &= ~table.Component.isin(["Plant:Time", "Plant:" + every.call(name)])
    return table[own]


PLAIN = [n for n in STRUCTURES if every.starts(n)]
MATRIX = ("us", "chol", "cholc", "ante")


@pytest.mark.parametrize("residual", [False, True], ids=["random", "residual"])
@pytest.mark.parametrize("name", PLAIN)
def test_init_gives_values_and_codes(name: str, residual: bool) -> None:
    values = every.starts(name)
    if residual and name in (*RANDOM_ONLY, "id"):
        pytest.skip("no residual structure with parameters")
    plain = _own_rows(name, _table(name, every.with_codes(values, ""), residual), residual)
    default = _own_rows(name, _table(name, "", residual), residual)
    assert list(plain.Component) == list(default.Component)
    assert list(plain.Constraint) == list(default.Constraint)
    if name in MATRIX:
        # given as the lower triangle of the matrix, kept as the structure's own parameters
        assert len(values) == 21
        if name == "us":
            np.testing.assert_allclose(plain.Value, values)
    else:
        np.testing.assert_allclose(plain.Value, values, rtol=1e-12)
    coded = _own_rows(name, _table(name, every.with_codes(values, "PUFB"), residual), residual)
    np.testing.assert_allclose(coded.Value, plain.Value)
    if name == "rr":
        assert set(coded.Constraint[:6]) == {"F"} and list(coded.Constraint[6:10]) == ["F", "B", "P", "U"]
    elif name not in ("chol", "cholc", "ante"):
        assert "".join(coded.Constraint) == ("PUFB" * 6)[: len(coded)]
    else:
        # an element of the band takes the code of its place in the matrix
        assert "".join(coded.Constraint)[:3] == "PUF"


@pytest.mark.filterwarnings("ignore::pyasreml.AsremlWarning")
@pytest.mark.parametrize("exact", [False, True], ids=["default", "exact"])
@pytest.mark.parametrize("name", PLAIN)
def test_values_held_by_their_codes_stay(name: str, exact: bool) -> None:
    init = every.with_codes(every.starts(name), "PUFB")
    given: dict[str, Any] = {"random": random_term(name, "Plant", init), "data": TWICE}
    start = pa.asreml("h ~ Time", start_values=True, **given, **QUIET).vparameters_table
    fit = pa.asreml("h ~ Time", exact=exact, maxit=3, fail="soft", ai_sing=True, **given, **QUIET)
    held = start.Constraint.isin(["F", "B"]).to_numpy()
    np.testing.assert_array_equal(fit.vparameters[start.Component].to_numpy()[held], start.Value.to_numpy()[held])
    assert list(fit.vparameters_con[start.Component][held]) == list(start.Constraint[held])


@pytest.mark.parametrize("exact", [False, True], ids=["default", "exact"])
def test_a_correlation_with_code_p_stays_positive(exact: bool) -> None:
    data = ONCE.assign(h=np.tile([0.0, 1.0], len(ONCE) // 2) + 0.2 * ONCE.h)
    call: dict[str, Any] = {"data": data, "exact": exact, "maxit": 40, **QUIET}
    free = pa.asreml("h ~ 1", residual="~ id(Plant):ar1(Time)", **call)
    assert free.vparameters.iloc[1] < -0.1
    held = pa.asreml("h ~ 1", residual="~ id(Plant):ar1(Time, init = c(P = 0.3))", **call)
    assert 0 < held.vparameters.iloc[1] < 1e-2 and held.vparameters_con.iloc[1] == "B"
    with pytest.raises(pa.ModelError, match=r"value 1 of 'init' is -0.3; with the code P it must be positive"):
        pa.asreml("h ~ 1", residual="~ id(Plant):ar1(Time, init = c(P = -0.3))", **call)
