"""Formulas against data: expansion, structures, sections, row selection, messages."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pyasreml.bind import BoundModel, bind
from pyasreml.data import na_method
from pyasreml.errors import AsremlError, AsremlWarning, DataError, FormulaError, ModelError, UnsupportedError
from pyasreml.model import model_spec


@pytest.fixture
def trial() -> pd.DataFrame:
    """Two sites of 3 rows by 4 columns, sorted."""
    rng = np.random.default_rng(5)
    cells = [(s, r, c) for s in ("PBU", "Oak") for r in range(1, 4) for c in range(1, 5)]
    frame = pd.DataFrame(cells, columns=["Site", "Row", "Col"]).astype("category")
    frame["Site"] = pd.Categorical(frame["Site"], ["PBU", "Oak"])
    frame["geno"] = pd.Categorical(rng.choice(list("abcdef"), 24))
    frame["x"] = rng.normal(size=24)
    frame["year"] = np.repeat([1987, 1988], 12)
    frame["rep"] = np.tile([1, 2, 3], 8)
    frame["y"] = rng.normal(10, 1, 24)
    return frame


def make(
    data: Any, fixed: str = "y ~ 1", *, random: str | None = None, residual: str | None = None, **more: Any
) -> BoundModel:
    return bind(model_spec(fixed, random=random, residual=residual), data, **more)


@pytest.mark.parametrize(
    ("random", "want"),
    [
        ("~ at(Site):Row", ["at(Site, 'PBU'):Row", "at(Site, 'Oak'):Row"]),
        ("~ at(Site, 'Oak'):Row", ["at(Site, 'Oak'):Row"]),
        ("~ at(Site, 2):Row", ["at(Site, 'Oak'):Row"]),
        ("~ at(Site, c('Oak', 'PBU')):Row", ["at(Site, 'Oak'):Row", "at(Site, 'PBU'):Row"]),
        ("~ at(Site, 1:2):Row", ["at(Site, 'PBU'):Row", "at(Site, 'Oak'):Row"]),
        ("~ Row:at(Site, 'Oak')", ["at(Site, 'Oak'):Row"]),
        ("~ at(Site):Row/Col",
         ["at(Site, 'PBU'):Row", "at(Site, 'Oak'):Row", "at(Site, 'PBU'):Row:Col", "at(Site, 'Oak'):Row:Col"]),
        ("~ at(Site, 'Oak'):Row + at(Site, 2):Row", ["at(Site, 'Oak'):Row"]),
        ("~ geno + Row:Col", ["geno", "Row:Col"]),
        ("~ us(Site):id(geno)", ["Site:geno"]),
        ("~ geno + units", ["geno", "units"]),
        ("~ x:geno", ["x:geno"]),
    ],
)  # fmt: skip
def test_random_labels(trial: pd.DataFrame, random: str, want: list[str]) -> None:
    assert [term.label for term in make(trial, random=random).random] == want


def test_fixed_keeps_at_as_typed(trial: pd.DataFrame) -> None:
    assert [t.label for t in make(trial, "y ~ geno:at(Site, 2):Row").fixed] == [
        "(Intercept)",
        "geno:at(Site, 'Oak'):Row",
    ]


def test_sizes_and_structures(trial: pd.DataFrame) -> None:
    diag, at, slope = make(trial, random="~ diag(Site):geno + at(Site, 2):ar1(Row):Col + geno:x").random
    assert (diag.size, [c.name for c in diag.structures], [c.size for c in diag.structures]) == (
        12,
        ["diag", "id"],
        [2, 6],
    )
    assert diag.structures[0].levels == ("PBU", "Oak")
    assert (at.size, [c.name for c in at.structures], at.conditioned) == (12, ["ar1", "id"], True)
    assert (slope.size, [c.size for c in slope.structures], slope.variables) == (6, [6, 1], ("geno", "x"))


def test_one_variance_a_term(trial: pd.DataFrame) -> None:
    (term,) = make(trial, random="~ idv(Site):idv(geno)").random
    assert [call.name for call in term.structures] == ["idv", "id"]
    (term,) = make(trial, random="~ idv(Site):idv(geno, init = 3)").random
    assert [(call.name, call.init) for call in term.structures] == [("id", None), ("idv", (3.0,))]
    with pytest.raises(ModelError, match=r"diag\(Site\) and corh\(geno\) both carry variances"):
        make(trial, random="~ diag(Site):corh(geno)")
    with pytest.warns(AsremlWarning, match=r"diag\(Site\) and idv\(geno\) both carry variances, and the data"):
        (term,) = make(trial, random="~ diag(Site):idv(geno)").random
    assert [call.name for call in term.structures] == ["diag", "idv"]
    with pytest.raises(ModelError, match="both carry variances"):
        make(trial, residual="~ idv(Site):idh(Row):Col")
    with pytest.raises(ModelError, match="both carry variances"):
        make(trial, residual="~ ar1v(Site):idh(Row):Col")
    with pytest.raises(ModelError, match=r"use idv\(units\)"):
        make(trial, random="~ diag(units)")


def test_cell_means(trial: pd.DataFrame) -> None:
    bound = make(trial, random="~ geno + diag(Site):geno + at(Site, 2):us(Row):Col")
    means = trial.groupby(["Site", "geno"], observed=True)["y"].mean()
    want = [means["PBU"].var(), means["Oak"].var()]
    assert set(bound.summaries.cell_means) == {(1, 0), (2, 0)}
    np.testing.assert_allclose(bound.summaries.cell_means[1, 0], want)
    oak = trial[trial.Site == "Oak"]
    np.testing.assert_allclose(bound.summaries.cell_means[2, 0], oak.groupby("Row", observed=True)["y"].var())
    assert bound.summaries.variance == pytest.approx(trial.y.var())


def test_cell_means_leave_out_missing_responses(trial: pd.DataFrame) -> None:
    trial.loc[[0, 13], "y"] = np.nan
    bound = make(trial, random="~ diag(Site):geno")
    means = trial.dropna().groupby(["Site", "geno"], observed=True)["y"].mean()
    np.testing.assert_allclose(bound.summaries.cell_means[0, 0], [means["PBU"].var(), means["Oak"].var()])
    assert bound.summaries.variance == pytest.approx(trial.y.var())


def test_residual_forms(trial: pd.DataFrame) -> None:
    (section,) = make(trial).sections
    assert (section.label, [c.name for c in section.structures], section.structures[0].size) == ("units", ["id"], 24)
    (section,) = make(trial, residual="~ idv(units)").sections
    assert [c.name for c in section.structures] == ["idv"]
    (section,) = make(trial, residual="~ Site:ar1(Row):Col").sections
    assert (section.label, [c.size for c in section.structures]) == ("Site:Row:Col", [2, 3, 4])
    bound = make(trial, residual="~ dsum(~ ar1(Row):id(Col) | Site)")
    assert bound.multi_section
    assert [(s.label, s.by, s.level, s.rows.tolist()) for s in bound.sections] == [
        ("Site_PBU", "Site", "PBU", list(range(12))),
        ("Site_Oak", "Site", "Oak", list(range(12, 24))),
    ]
    bound = make(trial, residual="~ dsum(~ units + ar1(Row):Col | Site, levels = list('Oak', 1))")
    assert [(s.label, [c.name for c in s.structures]) for s in bound.sections] == [
        ("Site_PBU", ["ar1", "id"]),
        ("Site_Oak", ["id"]),
    ]


def test_sections_have_their_own_grids(trial: pd.DataFrame) -> None:
    fewer = trial[(trial.Site == "PBU") | (trial.Row != 2)]
    bound = make(fewer, residual="~ dsum(~ ar1(Row):ar1(Col) | Site)")
    assert [[c.levels for c in s.structures] for s in bound.sections] == [
        [("1", "2", "3"), ("1", "2", "3", "4")],
        [("1", "3"), ("1", "2", "3", "4")],
    ]


def without(data: pd.DataFrame, column: str, row: int) -> pd.DataFrame:
    """The data with one category missing."""
    return data.assign(**{column: pd.Categorical(data[column].where(data.index != row))})


def test_products_of_id_need_no_order(trial: pd.DataFrame) -> None:
    shuffled = trial.sample(frac=1, random_state=2)
    (section,) = make(shuffled, residual="~ Site:Row:Col").sections
    assert section.rows.tolist() == list(range(24))
    with pytest.raises(DataError, match="not in the order"):
        make(shuffled, residual="~ Site:ar1(Row):Col")


@pytest.mark.parametrize(
    ("change", "residual", "message"),
    [
        (lambda d: d.iloc[::-1], "~ Site:Row:ar1(Col)",
         r"data row 1 is Site Oak, Row 3, Col 4, where Site PBU, Row 1, Col 1 should stand; sort the data by "
         r"Site, Row, Col: data.sort_values\(\['Site', 'Row', 'Col'\]\)"),
        (lambda d: d.sort_values(["Site", "Col", "Row"]), "~ dsum(~ ar1(Row):Col | Site)",
         r"residual Row:Col at Site PBU: .* data row 2 is Row 2, Col 1, where Row 1, Col 2 .*\['Site', 'Row', 'Col'\]"),
        (lambda d: d.drop(index=5), "~ Site:ar1(Row):Col",
         r"2 × 3 × 4 = 24 cells for 23 records; no record is Site PBU, Row 2, Col 2: add a row for every missing plot"),
        (lambda d: pd.concat([d, d.iloc[[3]]]), "~ Site:ar1(Row):Col",
         r"24 cells for 25 records; data rows 4 and 25 both are Site PBU"),
        (lambda d: without(d, "Col", 7), "~ Site:ar1(Row):Col", "column 'Col' is missing in row 8"),
        (lambda d: without(d, "Site", 7), "~ dsum(~ units | Site)", "column 'Site' is missing in row 8"),
        (lambda d: d, "~ ar1(Row):Col", r"3 × 4 = 12 cells for 24 records; data rows 1 and 13 both are Row 1, Col 1"),
        (lambda d: d, "~ Row", "3 levels for 24 records"),
        (lambda d: d, "~ units:ar1(Row)", "units already is one level a record"),
        (lambda d: d, "~ x:ar1(Row)", "cells for 24 records"),
        (lambda d: d, "~ ar1(x)", r"ar1\(\) needs a factor and column 'x' holds numbers"),
        (lambda d: d, "~ log(x):Row", "is no factor"),
        (lambda d: d, "~ dsum(~ units | x)", r"dsum\(\) needs a factor"),
        (lambda d: d, "~ dsum(~ units | Site, levels = 'PBU')", "without a residual model: 'Oak'"),
        (lambda d: d, "~ dsum(~ units | Site) + dsum(~ units | Site, levels = 1)", "'PBU' of Site has two residual"),
        (lambda d: d, "~ dsum(~ units | Site, levels = 3)", "no level number 3"),
        (lambda d: d, "~ dsum(~ units | Site, levels = c('PBU', 'oak'))", "has no level 'oak'; it has 'PBU', 'Oak'"),
        (lambda d: d, "~ dsum(~ units | Plot)", "no column 'Plot'"),
        (lambda d: d, "~ trait:us(Row)", "trait"),
    ],
)  # fmt: skip
def test_residual_errors(trial: pd.DataFrame, change: Any, residual: str, message: str) -> None:
    with pytest.raises(AsremlError, match=message):
        make(change(trial), residual=residual, na_action=na_method(x="include"))


@pytest.mark.parametrize(
    ("fixed", "random", "message", "marked"),
    [
        ("y ~ Sit", None, "no column 'Sit' in the data; did you mean 'Site'", "Sit"),
        ("Y ~ Site", None, "no column 'Y' in the data; did you mean 'y'", "Y"),
        ("y ~ log(xx)", None, "no column 'xx'", "xx"),
        ("y ~ Site", "~ Row:gen", "no column 'gen' in the data; did you mean 'geno'", "gen"),
        ("y ~ Site + y", None, "the response 'y' cannot be a term", "y"),
        ("y ~ Site", "~ at(Site, 'pbu'):Row", "no level 'pbu'", "at(Site, 'pbu')"),
        ("y ~ Site", "~ at(Site, 3):Row", "no level number 3", "at(Site, 3)"),
        ("y ~ Site", "~ at(x):Row", "needs a factor", "x"),
        ("y ~ Site", "~ us(x):Row", "needs a factor", "x"),
        ("y ~ Site", "~ us(I(2 * x)):Row", "is an expression", "us(I(2 * x))"),
        ("y ~ at(units):Row", None, "cannot take units", "units"),
        ("y ~ log(Site)", None, "Site", ""),
        ("y ~ trait", None, "trait", "trait"),
    ],
)
def test_formula_against_data(trial: pd.DataFrame, fixed: str, random: str | None, message: str, marked: str) -> None:
    with pytest.raises(AsremlError, match=message) as caught:
        make(trial, fixed, random=random)
    lines = str(caught.value).splitlines()
    assert lines[-1].strip().startswith("^")
    if marked:
        at = lines[-1].index("^")
        assert lines[-2][at:].startswith(marked)


@pytest.mark.parametrize(
    ("change", "more", "message"),
    [
        ({"y": list("ab") * 12}, {}, r"the response 'y' is a factor or text \(a, b …\)"),
        ({"y": np.nan}, {}, "the response y is missing in every row"),
        ({}, {"weights": "w"}, "weights: there is no column 'w'"),
        ({"w": [1.0] * 5 + [-1.0] + [1.0] * 18}, {"weights": "w"}, "weights: column 'w' is -1 in row 6"),
        ({"w": [1.0] * 5 + [np.nan] + [1.0] * 18}, {"weights": "w"}, "weights: column 'w' is nan in row 6"),
        ({}, {"weights": "Site"}, "weights: column 'Site' is a factor"),
        ({}, {"subset": "year == 2000"}, "subset: no row is left"),
        ({}, {"subset": "year + 1"}, "not logical"),
        ({}, {"subset": [True, False]}, "for 24 rows"),
        ({}, {"subset": "yer == 1987"}, "yer"),
    ],
)
def test_data_errors(trial: pd.DataFrame, change: dict[str, Any], more: dict[str, Any], message: str) -> None:
    with pytest.raises(AsremlError, match=message):
        make(trial.assign(**change), "y ~ Site", **more)


def test_empty_data() -> None:
    with pytest.raises(DataError, match="no rows"):
        make({"y": []})


def test_subset(trial: pd.DataFrame) -> None:
    for subset in (
        "year == 1988",
        "Site == 'Oak'",
        'Site %in% c("Oak")',
        (trial.year == 1988).to_numpy(),
        "~ year == 1988",
    ):
        bound = make(trial, "y ~ Site", random="~ geno", subset=subset)
        assert bound.frame.rows.tolist() == list(range(12, 24))
        assert bound.fixed[1].codings[0].levels == ("Oak",)
    trial.loc[20, "x"] = np.nan
    assert len(make(trial, subset="year == 1988 & x > -100").y) == 11


def test_missing_values(trial: pd.DataFrame) -> None:
    trial.loc[3, "y"] = np.nan
    trial.loc[5, "geno"] = np.nan
    trial.loc[[6, 7], "x"] = np.nan
    with pytest.raises(DataError) as caught:
        make(trial, "y ~ Site + x", random="~ geno")
    assert str(caught.value).startswith("missing values among Site,x,geno,units.")
    assert "x in row 7 and 1 more" in str(caught.value)
    assert "geno in row 6" in str(caught.value)
    omitted = make(trial, "y ~ Site + x", random="~ geno", na_action=na_method(x="omit"))
    assert sorted(set(range(24)) - set(omitted.frame.rows.tolist())) == [5, 6, 7]
    assert np.isnan(omitted.y[3])
    both = make(trial, "y ~ Site + x", random="~ geno", na_action=na_method(x="omit", y="omit"))
    assert sorted(set(range(24)) - set(both.frame.rows.tolist())) == [3, 5, 6, 7]
    included = make(trial, "y ~ Site + x", random="~ geno", na_action=na_method(x="include"))
    assert len(included.y) == 24
    with pytest.raises(DataError, match="missing values in y: row 4"):
        make(trial, na_action=na_method(y="fail"))


def test_weights(trial: pd.DataFrame) -> None:
    trial["w"] = np.arange(1.0, 25.0)
    trial.loc[2, ["y", "w"]] = np.nan
    weights = make(trial, weights="w").weights
    assert weights is not None
    assert weights.tolist()[:4] == [1.0, 2.0, 1.0, 4.0]


def test_expressions(trial: pd.DataFrame) -> None:
    bound = make(trial, "log(y) ~ I(x^2) + as.numeric(Col) + factor(year)")
    assert bound.response == "log(y)"
    np.testing.assert_allclose(bound.y, np.log(trial.y))
    square, number, year = bound.fixed[1:]
    arrays = bound.frame.arrays
    np.testing.assert_allclose(square.codings[0].block(arrays, 24).data, trial.x**2)
    np.testing.assert_allclose(number.codings[0].block(arrays, 24).data, trial.Col.cat.codes + 1)
    assert year.codings[0].names == ("factor(year)_1987", "factor(year)_1988")
    with pytest.raises(DataError, match=r"log\(y\) has no value in row 2"):
        make(trial.assign(y=np.where(trial.index == 1, -1.0, trial.y)), "log(y) ~ 1")
    with pytest.raises(DataError, match=r"log\(y\) is infinite in row 2"):
        make(trial.assign(y=np.where(trial.index == 1, 0.0, trial.y)), "log(y) ~ 1")
    with pytest.raises(DataError, match=r"log\(x\) is infinite in row 1"):
        make(trial.assign(x=0.0), "y ~ log(x)")


@pytest.mark.parametrize(
    ("fixed", "random", "residual", "warns"),
    [
        ("y ~ rep", None, None, False),
        ("y ~ Site:rep", None, None, True),
        ("y ~ 1", "~ rep", None, True),
        ("y ~ 1", "~ geno:rep", None, True),
        ("y ~ 1", "~ at(rep):geno", None, True),
        ("y ~ 1", "~ ar1(rep)", None, True),
        ("y ~ 1", None, "~ dsum(~ units | rep)", True),
        ("y ~ 1", "~ x", None, False),
        ("y ~ 1", "~ geno", None, False),
    ],
)
def test_numbers_that_look_like_factors(
    trial: pd.DataFrame, fixed: str, random: str | None, residual: str | None, warns: bool
) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        make(trial, fixed, random=random, residual=residual)
    messages = [str(w.message) for w in caught if issubclass(w.category, AsremlWarning)]
    assert len(messages) == int(warns)
    if warns:
        assert "data['rep'].astype(\"category\")" in messages[0]


def test_a_number_is_a_covariate_also_in_random_terms(trial: pd.DataFrame) -> None:
    with pytest.warns(AsremlWarning):
        (term,) = make(trial, random="~ rep").random
    assert (term.size, term.codings[0].kind) == (1, "covariate")


def test_units_is_reserved(trial: pd.DataFrame) -> None:
    trial["units"] = 7
    (term,) = make(trial, random="~ units").random
    assert term.size == 24


def test_names_with_blanks(trial: pd.DataFrame) -> None:
    bound = make(trial.rename(columns={"geno": "my geno"}), "y ~ `my geno`")
    assert bound.fixed[1].label == "`my geno`"
    assert bound.fixed[1].variables == ("my geno",)


def test_a_term_may_be_fixed_and_random(trial: pd.DataFrame) -> None:
    bound = make(trial, "y ~ geno", random="~ geno")
    assert bound.fixed[1].label == bound.random[0].label == "geno"


def test_unsupported_is_counted_by_feature(trial: pd.DataFrame) -> None:
    with pytest.raises(UnsupportedError) as caught:
        make(trial, "y ~ uni(Site, 2)")
    assert caught.value.feature == "uni()"
    with pytest.raises(FormulaError):
        make(trial, "cbind ~ Site")
