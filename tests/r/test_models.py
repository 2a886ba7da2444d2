"""asreml's calls as R text give what the Python calls give, and components are read as in R."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import pyasreml as pa
from pyasreml.demo.oats import oats
from pyasreml.errors import AsremlError, AsremlWarning, FormulaError, UnsupportedError
from pyasreml.r import RError, Session

CALL = "m <- asreml(yield ~ Variety*Nitrogen, random = ~ Blocks/Wplots, data = oats, trace = FALSE)"


@pytest.fixture(scope="module")
def fit() -> Any:
    return pa.asreml("yield ~ Variety*Nitrogen", random="~ Blocks/Wplots", data=oats(), trace=False)


@pytest.fixture()
def session(fit: Any) -> Session:
    return Session({"oats": oats(), "fit": fit})


def test_the_same_fit(session: Session, fit: Any) -> None:
    session.eval(CALL)
    assert session["m"].loglik == fit.loglik
    assert session.eval("m$loglik") == fit.loglik
    assert session.eval('inherits(m, "asreml")') is True


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("names(fit$vparameters)", ["Blocks", "Blocks:Wplots", "units!R"]),
        ("unname(fit$vparameters.con)", ["P", "P", "P"]),
        ("rownames(fit$coefficients$fixed)[1]", "(Intercept)"),
        ("rownames(coef(fit)$random)[1:2]", ["Blocks_1", "Blocks_2"]),
        ("names(coef(fit, list = TRUE))[1]", "(Intercept)"),
        ("colnames(summary(fit)$varcomp)", ["component", "std.error", "z.ratio", "bound", "%ch"]),
        ("nrow(summary(fit, coef = T)$coef.random)", 24),
        ('"Nitrogen" %in% rownames(wald(fit))', True),
        ('colnames(predict(fit, classify = "Nitrogen")$pvals)', ["Nitrogen", "predicted.value", "std.error", "status"]),
        ("length(residuals(fit))", 72),
        ("length(resid(fit)) == length(fitted(fit))", True),
        ("rownames(fit$trace)[1:3]", ["LogLik", "Sigma2", "DF"]),
        ("names(fit$call)[2:3]", ["fixed", "random"]),
        ("is.null(fit$nothing)", True),
        ("fit$logl == fit$loglik", True),
        ('all(c("fixed", "random") %in% names(fit$call))', True),
        ('sum(fit$vparameters.con == "P")', 3),
        ('attr(summary(fit)$aic, "parameters")', 3),
    ],
)
def test_components(session: Session, text: str, want: Any) -> None:
    got = session.eval(text)
    assert (got.tolist() if isinstance(got, np.ndarray) else got) == want


def test_cells_and_matrices(session: Session, fit: Any) -> None:
    effects = fit.coefficients.fixed["effect"]
    assert session.eval("coef(fit)$fixed[1]") == effects.iloc[0]
    assert session.eval('coef(fit)$fixed["Variety_Victory", 1]') == effects["Variety_Victory"]
    part = session.eval("coef(fit)$random[2:3, ]")
    assert list(part.index) == ["Blocks_2", "Blocks_3"]
    component = session.eval('summary(fit)$varcomp["Blocks", "component"]')
    assert component == pa.summary(fit).varcomp.loc["Blocks", "component"]
    sed = session.eval('p <- predict(fit, classify = "Nitrogen", sed = TRUE); s <- as.matrix(p$sed); s[upper.tri(s)]')
    assert len(sed) == 6 and np.allclose(sed, 4.436, atol=1e-3)


def test_aic_keeps_its_attribute(session: Session) -> None:
    session.eval("null <- update(fit, random = ~ . - Blocks:Wplots, trace = FALSE)")
    difference = session.eval("summary(fit)$aic - summary(null)$aic")
    assert difference.parameters == 3
    assert difference == pytest.approx(session.eval("-2 * (fit$loglik - null$loglik) + 2"))


def test_lrt_names_its_rows(session: Session) -> None:
    session.eval("null <- update(fit, random. = ~ Blocks, trace = FALSE)")
    assert list(session.eval("lrt(fit, null)").index) == ["fit/null"]
    assert list(session.eval("lrt(null, fit)").index) == ["fit/null"]


def test_vpredict_and_vc(session: Session) -> None:
    table = session.eval("vpredict(fit, share ~ V1/(V1 + V2 + V3))")
    assert list(table.index) == ["share"]
    assert list(session.eval("lucid::vc(fit)")["effect"]) == ["Blocks", "Blocks:Wplots", "units!R"]


def test_formulas_from_variables_and_text(session: Session, fit: Any) -> None:
    session.eval('f <- as.formula(paste("yield", "~ Variety*Nitrogen"))')
    session.eval("r <- ~ Blocks/Wplots")
    assert session.eval("asreml(fixed = f, random = r, data = oats, trace = F)$loglik") == fit.loglik
    assert session.eval("formula(fit$call$random)") == "~Blocks/Wplots"
    assert session.eval("class(fit$formulae$fixed)") == "formula"


def test_subset_reads_columns_and_the_session(session: Session) -> None:
    columns = session.eval('asreml(yield ~ Nitrogen, data = oats, subset = Variety == "Victory", trace = F)$nedf')
    session.eval('keep <- "Victory"')
    both = session.eval("asreml(yield ~ Nitrogen, data = oats, sub = Variety %in% keep, trace = F)$nedf")
    assert columns == both == 20


def test_positional_arguments_and_pipes(session: Session, fit: Any) -> None:
    got = session.eval("(oats |> asreml(yield ~ Variety*Nitrogen, ~ Blocks/Wplots, data = _, trace = F))$loglik")
    assert got == fit.loglik


def test_options(session: Session) -> None:
    try:
        session.eval("asreml.options(maxit = 2, trace = FALSE)")
        text = "tryCatch(asreml(yield ~ Variety, random = ~ Blocks/Wplots, data = oats), warning = conditionMessage)"
        assert str(session.eval(text)).startswith("Log-likelihood not converged")
    finally:
        pa.asreml_options(maxit=13, trace=True)


def test_conditions(session: Session) -> None:
    message = session.eval("tryCatch(asreml(yield ~ nothing, data = oats), error = function(e) conditionMessage(e))")
    assert "nothing" in message
    assert session.eval(
        "err <- tryCatch({ asreml(yield ~ nothing, data = oats); FALSE }, error = function(e) TRUE); err"
    )
    with pytest.raises(UnsupportedError) as caught:  # a feature that is missing is no error of the script
        session.eval("tryCatch(vm_of(oats), error = function(e) TRUE)")
    assert caught.value.feature == "vm_of()"


def test_trace_is_captured(session: Session) -> None:
    lines = session.eval("capture.output(m <- asreml(yield ~ Variety, random = ~ Blocks, data = oats, trace = TRUE))")
    assert any("LogLik" in line for line in lines)


def test_an_unknown_argument_warns(session: Session) -> None:
    with pytest.warns(AsremlWarning, match="speed"):
        session.eval("summary(fit, speed = 3)")


def test_unknown_functions_are_counted_by_name(session: Session) -> None:
    for text, feature in (
        ("lmer(y ~ x)", "lmer()"),
        ("asreml.nvc(fit)", "asreml.nvc()"),
        ("dat %>% pivot_longer()", "pivot_longer()"),
    ):
        with pytest.raises(UnsupportedError) as caught:
            session.eval(text)
        assert caught.value.feature == feature
        assert "^" in str(caught.value)


def test_figures(session: Session, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    drawing = Session({"fit": session["fit"]}, figures=tmp_path)
    drawing.eval("plot(fit); hist(residuals(fit)); qqnorm(resid(fit)); qqline(resid(fit))")
    drawing.eval("plot(x = fitted(fit), y = scale(residuals(fit)))")
    assert len(drawing.figures) == 4
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"Rplot00{i}.png" for i in range(1, 5)]


def test_errors_show_the_place() -> None:
    for text, part in (
        ("x <- zz + 1", "object 'zz' not found"),
        ("m <- 1; m$a", "atomic vectors"),
        ("y ~ ~ (", "never closed"),
    ):
        with pytest.raises((RError, FormulaError)) as caught:
            Session().eval(text)
        assert part in str(caught.value) and "^" in str(caught.value)
        assert isinstance(caught.value, AsremlError)


def test_run_returns_python_objects() -> None:
    frame = pd.DataFrame({"a": [1, 2], "g": pd.Categorical(["u", "v"])})
    assert pa.run("dat$a[2]", dat=frame) == 2
    assert list(pa.run("dat$g", dat=frame)) == ["u", "v"]
    assert pa.run("list(x = 1:2, y = 'q')")["y"] == "q"
    assert list(pa.run("c(a = 1, b = 2)").index) == ["a", "b"]
    made = pa.run("matrix(1:4, 2, dimnames = list(c('r', 's'), c('A', 'B')))")
    assert made.loc["s", "A"] == 2
    assert pa.run("rownames(dat)[1]", dat=frame) == "1"
    assert list(frame.index) == [0, 1]  # what was given is not changed
    assert pa.run("dat$b <- 1; names(dat)", dat=frame).tolist() == ["a", "g", "b"]
    assert list(frame.columns) == ["a", "g"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert pa.run("NULL") is None


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("return(1)", "no function to return from"),
        ("break", "no loop for break"),
        ("f <- function(n) f(n + 1); f(1)", "nested too deeply"),
        ("stop(tryCatch(stop('inner'), error = function(e) e))", "inner"),
        ("mean()", 'argument "x" is missing'),
        ("mean(1, nothing = 2)", "unused argument 'nothing'"),
        ("x <- 1:3; x[[7]]", "subscript out of bounds"),
        ("if (NA) 1", "missing value where TRUE/FALSE needed"),
        ("5 <- 3", "left-hand side to assignment"),
        ("matrix(1:4, 2) %*% 1:3", "non-conformable"),
    ],
)
def test_what_r_stops_with(text: str, part: str) -> None:
    with pytest.raises(RError) as caught:
        Session().eval(text)
    assert part in str(caught.value)
