"""Fitted matrices, rotated loadings, percentages explained and their plots."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import pyasreml as pa
from tests.reml.models import field
from tests.reml.test_equivalences import exact, sites


@pytest.fixture(scope="module")
def fit():
    return exact("~ fa(site, 2):gen", sites(7, 3, genotypes=40, factors=2))


def test_rotation_keeps_the_matrix_and_the_effects(fit):
    found = pa.factor_analysis(fit)
    loadings, scores = found.loadings.to_numpy(), found.scores.to_numpy()
    np.testing.assert_allclose(loadings @ loadings.T + np.diag(found.specific), found.matrix, atol=1e-10)
    gram = loadings.T @ loadings
    assert abs(gram[0, 1]) < 1e-10 and gram[0, 0] > gram[1, 1]
    assert (found.loadings.sum() > 0).all()
    np.testing.assert_allclose(found.rotation.to_numpy() @ found.rotation.to_numpy().T, np.eye(2), atol=1e-12)
    own = fit.vparameters.filter(regex="!fa").to_numpy().reshape(2, 7).T
    raw = fit.coefficients.random["effect"].to_numpy()[-80:].reshape(2, 40)
    np.testing.assert_allclose(loadings @ scores.T, own @ raw, atol=1e-10)
    assert list(found.scores.index) == [f"gen_{g}" for g in sorted(map(str, range(40)))]


def test_percentages_explained(fit):
    found = pa.factor_analysis(fit)
    np.testing.assert_allclose(found.explained["all"].iloc[:-1], 100 * (1 - found.specific / np.diag(found.matrix)))
    np.testing.assert_allclose(found.explained[["fa1", "fa2"]].sum(axis=1), found.explained["all"])
    shared = np.square(found.loadings.to_numpy()).sum() / np.trace(found.matrix)
    assert found.explained.loc["overall", "all"] == pytest.approx(100 * shared)


@pytest.mark.parametrize("term", ["us(site)", "fa(site, 1)", "facv(site, 1)", "corgh(site)", "corh(site)"])
@pytest.mark.parametrize("residual", ["~ units", "~ idv(units)"])
def test_summary_gives_the_matrix_on_the_scale_of_the_data(term, residual):
    data = sites(3, 13, factors=None if term.startswith("corh") else 1)
    fit = pa.asreml("y ~ site", random=f"~ {term}:gen", residual=residual, data=data, trace=False, exact=True)
    matrices = fit.summary(vparameters=True).vparameters
    label = next(k for k in matrices if k != "units")
    same = exact(f"~ {term}:gen", data).summary(vparameters=True).vparameters[label]
    np.testing.assert_allclose(matrices[label], same, rtol=1e-4)
    assert list(matrices[label].index) == ["0", "1", "2"]
    correlation = pa.correlations(fit)
    np.testing.assert_allclose(np.diag(correlation), 1.0)
    assert correlation.iloc[1, 0] == pytest.approx(
        matrices[label].iloc[1, 0] / np.sqrt(matrices[label].iloc[0, 0] * matrices[label].iloc[1, 1])
    )


def test_diagonal_terms_stay_vectors():
    fit = pa.asreml("y ~ site", random="~ diag(site):gen", data=field(1), trace=False)
    assert isinstance(fit.summary(vparameters=True).vparameters["site:gen"], pd.Series)


def test_scores_of_a_term_whose_factor_comes_last():
    data = sites(5, 4, factors=1)
    one, other = exact("~ fa(site, 1):gen", data), exact("~ gen:fa(site, 1)", data)
    a, b = pa.factor_analysis(one).scores, pa.factor_analysis(other).scores
    assert list(a.index) == list(b.index)
    np.testing.assert_allclose(a, b, atol=1e-4)


def test_terms_that_are_not_there(fit):
    with pytest.raises(pa.ModelError, match="no factor analytic term is named 'gen'; the fit has 'fa"):
        pa.factor_analysis(fit, "gen")
    plain = pa.asreml("y ~ site", random="~ gen", data=field(1), trace=False)
    with pytest.raises(pa.ModelError, match="the fit has none"):
        pa.correlations(plain)
    with pytest.raises(pa.AsremlError, match="needs a fit"):
        pa.correlations(3)


def test_plots(fit, tmp_path):
    pytest.importorskip("matplotlib")
    heat, both = pa.heatmap(fit), pa.biplot(fit)
    panel = heat.axes[0]
    assert sorted(t.get_text() for t in panel.get_xticklabels()) == [str(i) for i in range(7)]
    assert len(panel.texts) == 49
    tips = [t.get_text() for t in both.axes[0].texts if t.get_text() in set("0123456")]
    assert set(tips) == set("0123456")
    assert "% of the variance" in both.axes[0].get_xlabel()
    for name, figure in (("heat.png", heat), ("both.png", both)):
        figure.savefig(tmp_path / name)
        assert (tmp_path / name).stat().st_size > 5000
    with pytest.raises(pa.ModelError, match="two different factors between 1 and 2"):
        pa.biplot(fit, factors=(1, 3))


def test_names_in_a_biplot_do_not_lie_over_each_other() -> None:
    pytest.importorskip("matplotlib")
    rng = np.random.default_rng(7)
    k, n = 10, 30
    loadings = np.column_stack([rng.uniform(0.5, 1.1, k), rng.normal(0, 0.5, k)])
    effects = rng.multivariate_normal(np.zeros(k), loadings @ loadings.T + 0.1 * np.eye(k), n)
    site, gen, _ = (x.ravel() for x in np.indices((k, n, 2)))
    data = pd.DataFrame({"site": [f"Trial {i}" for i in site], "gen": [f"G{i:02d}" for i in gen]})
    data["y"] = effects[gen, site] + rng.normal(0, 0.6, site.size)
    fit = pa.asreml("y ~ site", random="~ fa(site, 2):gen", data=data, trace=False, maxit=40)
    figure = pa.biplot(fit)
    figure.draw_without_rendering()
    texts = [t for t in figure.axes[0].texts if t.get_text()]
    assert {t.get_text() for t in texts} >= {"Trial 0", "Trial 9", "G00", "G29"}
    boxes = [t.get_window_extent() for t in texts]
    pairs = [(a, b) for i, a in enumerate(boxes) for b in boxes[:i]]
    assert sum(a.overlaps(b) for a, b in pairs) <= 1
