"""Simulated data sets whose true variance parameters are known, of kinds of models that are hard to start."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

import pyasreml as pa

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Simulated:
    """A model, its data and the variance parameters that made them.

    Attributes
    ----------
    call : dict
        Arguments of `pyasreml.asreml`, data included.
    truth : float array (p,)
        In the order of the table of variance parameters; on the scale of the data.
    """

    call: dict[str, Any]
    truth: FloatArray

    def fit(self, **more: Any) -> pa.Asreml:
        """The fit from the default starts."""
        return pa.asreml(**self.call, trace=False, **more)

    def fit_from_truth(self) -> pa.Asreml:
        """The optimum that is reached from the true parameters."""
        table = pa.asreml(**self.call, trace=False, start_values=True).vparameters_table
        table["Value"] = np.where(table["Constraint"] == "F", table["Value"], self.truth)
        return self.fit(exact=True, G_param=table, R_param=table)


def _triangle(sigma: FloatArray) -> FloatArray:
    """Lower triangle by rows, as us() orders its parameters."""
    return sigma[np.tril_indices(len(sigma))]


def _covariance(rng: np.random.Generator, k: int) -> FloatArray:
    half = rng.normal(size=(k, k))
    return np.asarray(half @ half.T / k + 0.3 * np.eye(k))


def _sites(rng: np.random.Generator, sigma: FloatArray, genotypes: int, copies: int = 2) -> pd.DataFrame:
    """Genotypes at sites, their effects with covariance matrix `sigma` between the sites, errors of variance 0.49."""
    k = len(sigma)
    effects = rng.multivariate_normal(np.zeros(k), sigma, size=genotypes)
    site, gen, _ = (x.ravel() for x in np.indices((k, genotypes, copies)))
    frame = pd.DataFrame({"site": site, "gen": gen, "y": effects[gen, site] + rng.normal(0, 0.7, site.size)})
    frame["site"] = pd.Categorical(frame["site"])
    frame["gen"] = pd.Categorical(frame["gen"])
    return frame


def unstructured(seed: int) -> Simulated:
    """us() of two to six sites."""
    rng = np.random.default_rng(seed)
    sigma = _covariance(rng, 2 + seed % 5)
    call = {"fixed": "y ~ site", "random": "~ us(site):gen", "residual": "~ idv(units)", "data": _sites(rng, sigma, 30)}
    return Simulated(call, np.r_[_triangle(sigma), 0.49, 1.0])


def factor_analytic(seed: int) -> Simulated:
    """fa() with one to three factors on eight to thirty sites."""
    rng = np.random.default_rng(seed)
    k, factors = 8 + seed % 23, 1 + seed % 3
    loadings = rng.normal(0.0, 0.5, size=(k, factors))
    loadings[:, 0] += 0.7
    specific = rng.uniform(0.05, 0.5, k)
    data = _sites(rng, loadings @ loadings.T + np.diag(specific), 40)
    # the same matrix with zeros in the upper triangle of the loadings
    q, r = np.linalg.qr(loadings[:factors].T)
    loadings = loadings @ q * np.sign(np.diagonal(r))
    call = {"fixed": "y ~ site", "random": f"~ fa(site, {factors}):gen", "residual": "~ idv(units)", "data": data}
    return Simulated(call, np.r_[specific, loadings.T.ravel(), 0.49, 1.0])


def _ar1(n: int, rho: float) -> FloatArray:
    return rho ** np.abs(np.subtract.outer(np.arange(n), np.arange(n)))


def field(seed: int) -> Simulated:
    """A field with autoregressive errors along rows and columns, genotypes and, on top, independent errors."""
    rng = np.random.default_rng(seed)
    rows, cols = int(rng.integers(10, 25)), int(rng.integers(8, 16))
    a, b = rng.uniform(0.3, 0.9, 2)
    trend = np.linalg.cholesky(_ar1(rows, a)) @ rng.normal(size=(rows, cols)) @ np.linalg.cholesky(_ar1(cols, b)).T
    gen = rng.permutation(np.resize(np.arange(rows * cols // 3), rows * cols))
    nugget, genetic = rng.uniform(0.1, 0.6, 2)
    y = trend.ravel() + rng.normal(0, np.sqrt(nugget), gen.size) + rng.normal(0, np.sqrt(genetic), gen.max() + 1)[gen]
    row, col = (x.ravel() for x in np.indices((rows, cols)))
    frame = pd.DataFrame({"row": pd.Categorical(row), "col": pd.Categorical(col), "gen": pd.Categorical(gen), "y": y})
    call = {"fixed": "y ~ 1", "random": "~ gen + units", "residual": "~ ar1v(row):ar1(col)", "data": frame}
    return Simulated(call, np.r_[genetic, nugget, 1.0, a, 1.0, b])


def repeated(seed: int) -> Simulated:
    """Repeated measures with antedependence of order one or two."""
    rng = np.random.default_rng(seed)
    times, plants, order = int(rng.integers(4, 8)), int(rng.integers(20, 50)), 1 + seed % 2
    U, D = np.eye(times), rng.uniform(0.5, 2.0, times)
    for band in range(1, order + 1):
        U[np.arange(times - band), np.arange(band, times)] = rng.uniform(-0.9, 0.3, times - band) / band
    root = np.linalg.cholesky(np.linalg.inv(U @ np.diag(D) @ U.T))
    y = (rng.normal(size=(plants, times)) @ root.T).ravel()
    plant, time = (x.ravel() for x in np.indices((plants, times)))
    frame = pd.DataFrame({"plant": pd.Categorical(plant), "time": pd.Categorical(time), "y": y})
    band_rows = [[D[j] if i == j else U[i, j] for i in range(max(0, j - order), j + 1)] for j in range(times)]
    call = {"fixed": "y ~ time", "residual": f"~ id(plant):ante(time, {order})", "data": frame}
    return Simulated(call, np.r_[1.0, np.concatenate(band_rows)])


def sections(seed: int) -> Simulated:
    """Trials with different error models: spatial at some sites, along rows at others, independent at the rest."""
    rng = np.random.default_rng(seed)
    frames, spatial, truth = [], [], [0.3, 0.2]
    effects, genotypes = rng.normal(0, np.sqrt(0.3), 30), 30
    for s in range(6):
        rows, cols = 10, 6 + s % 3
        a, b, variance = rng.uniform(0.2, 0.8), rng.uniform(0.2, 0.8), rng.uniform(0.3, 1.5)
        roots = [np.eye(rows), np.eye(cols)]
        if s < 4:
            roots[0] = np.linalg.cholesky(_ar1(rows, a))
        if s < 2:
            roots[1] = np.linalg.cholesky(_ar1(cols, b))
        spatial += [[variance, a, b][: 3 - s // 2]]
        error = np.sqrt(variance) * roots[0] @ rng.normal(size=(rows, cols)) @ roots[1].T
        gen = rng.permutation(np.resize(np.arange(genotypes), rows * cols))
        local = rng.normal(0, np.sqrt(0.2), genotypes)
        row, col = (x.ravel() for x in np.indices((rows, cols)))
        y = error.ravel() + (effects + local)[gen]
        frames.append(pd.DataFrame({"site": s, "row": row, "col": col, "gen": gen, "y": y}))
    frame = pd.concat(frames, ignore_index=True)
    frame[["site", "row", "col", "gen"]] = frame[["site", "row", "col", "gen"]].astype("category")
    residual = "~ dsum(~ ar1(row):ar1(col) + ar1(row):id(col) + id(row):id(col) | site, levels = list(1:2, 3:4, 5:6))"
    call = {"fixed": "y ~ site", "random": "~ gen + site:gen", "residual": residual, "data": frame}
    return Simulated(call, np.r_[truth, np.concatenate(spatial)])


def animals(seed: int) -> Simulated:
    """Two traits of animals in three generations, some records of one trait missing."""
    rng = np.random.default_rng(seed)
    size, generations = 60, 4
    sire, dam = np.zeros((2, size * generations), np.int64)
    genetic, error = _covariance(rng, 2), _covariance(rng, 2)
    root = np.linalg.cholesky(genetic)
    u = np.zeros((sire.size, 2))
    for g in range(generations):
        for i in range(g * size, (g + 1) * size):
            mendel = 1.0
            if g:
                sire[i], dam[i] = (g - 1) * size + rng.integers(0, [15, size])
                mendel = 0.5
                u[i] = 0.5 * (u[sire[i]] + u[dam[i]])
            u[i] += np.sqrt(mendel) * root @ rng.normal(size=2)
    founder = np.arange(sire.size) < size
    name = np.array([f"a{i:03d}" for i in range(sire.size)])
    parents = {which: np.where(founder, "0", name[of]) for which, of in (("sire", sire), ("dam", dam))}
    pedigree = pd.DataFrame({"id": name, **parents})
    y = u + rng.normal(size=u.shape) @ np.linalg.cholesky(error).T
    frame = pd.DataFrame({"id": pd.Categorical(name), "y1": y[:, 0], "y2": y[:, 1]})
    frame.loc[rng.random(len(frame)) < 0.2, "y2"] = np.nan
    call = {
        "fixed": "cbind(y1, y2) ~ trait",
        "random": "~ us(trait):vm(id, ainv)",
        "residual": "~ id(units):us(trait)",
        "data": frame,
        "known": {"ainv": pa.ainverse(pedigree)},
    }
    return Simulated(call, np.r_[_triangle(genetic), 1.0, _triangle(error)])


KINDS: dict[str, Callable[[int], Simulated]] = {
    "us": unstructured,
    "fa": factor_analytic,
    "field": field,
    "ante": repeated,
    "dsum": sections,
    "animals": animals,
}
