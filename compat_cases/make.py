"""``python -m compat_cases.make``: write the data files of our own cases, and the simulated cases with their wants.

Typed data come from `compat_cases.published`, simulated data from `compat_cases.simulated`; wants of simulated cases
are REML optima found by `compat_cases.dense`, which shares no code with pyasreml.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from . import published, simulated
from .dense import Covariance, ar1, dummies, full_rank, maximise
from .reading import HERE

DATA: dict[str, Callable[[], pd.DataFrame]] = {
    "oats": published.oats,
    "dyestuff": published.dyestuff,
    "rail": published.rail,
    "ergostool": published.ergostool,
    "npk": published.npk,
    "clover": simulated.clover,
    "field": simulated.field,
    "sites": simulated.sites,
}


def data_files(name: str) -> dict[str, str]:
    """Text of the CSV file and of its types and levels, by file name."""
    frame = DATA[name]()
    kinds, levels = {}, {}
    for column in frame.columns:
        values = frame[column]
        if isinstance(values.dtype, pd.CategoricalDtype):
            kinds[column], levels[column] = "factor", [str(v) for v in values.cat.categories]
        else:
            kinds[column] = "integer" if values.dtype.kind == "i" else "numeric"
    return {
        f"{name}.csv": frame.to_csv(index=False, na_rep="NA", lineterminator="\n"),
        f"{name}.levels.json": json.dumps({"types": kinds, "levels": levels}) + "\n",
    }


def _case(name: str, data: str, statements: list[str], checks: list[dict[str, Any]], features: list[str]) -> str:
    content = {
        "id": name,
        "source": {
            "what": "simulated data; wants by compat_cases.dense",
            "generator": f"compat_cases.simulated.{data}",
        },
        "data": {data: f"{data}.csv"},
        "statements": statements,
        "checks": [check | {"source": "independent"} for check in checks],
        "features": features,
    }
    note = "# Written by python -m compat_cases.make: change the generator, not this file.\n"
    return note + yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=140)


def _loglik(fit: str, value: float) -> dict[str, Any]:
    return {"value": f"{fit}$loglik", "want": f"{value:#.7g}"}


def _component(fit: str, row: str, value: float) -> dict[str, Any]:
    table = f"summary({fit})$varcomp"
    return {"value": table, "row": row, "col": "component", "want": f"{value:#.5g}"}


def field_case() -> str:
    """Entries random, AR1 x AR1 residual, missing plots."""
    frame = simulated.field()
    seen = frame["yield"].notna().to_numpy()
    y = frame["yield"].to_numpy(float)[seen]
    X = full_rank(np.column_stack([np.ones(seen.sum()), dummies(frame["Rep"])[seen]]))
    Z = dummies(frame["Entry"])[seen]

    def covariance(theta: np.ndarray) -> np.ndarray:
        entry, error, row, column = theta
        if not (abs(row) < 1 and abs(column) < 1):
            raise np.linalg.LinAlgError
        R = np.kron(ar1(12, row), ar1(10, column))[np.ix_(seen, seen)]
        return np.asarray(entry * Z @ Z.T + error * R)

    found = maximise(y, X, covariance, [10.0, 20.0, 0.3, 0.3])
    rows = ("Entry", "Row:Column!R", "Row:Column!Row!cor", "Row:Column!Column!cor")
    checks = [{"value": "fit$nedf", "want": str(found.nedf)}, _loglik("fit", found.loglik)]
    checks += [_component("fit", row, value) for row, value in zip(rows, found.theta, strict=True)]
    call = "fit <- asreml(yield ~ Rep, random = ~ Entry, residual = ~ ar1(Row):ar1(Column), data = field, exact = TRUE)"
    return _case("field__ar1_ar1", "field", [call], checks, ["ar1()", "missing plots", "exact"])


def clover_case() -> str:
    """One residual variance for both site-years, and one for each."""
    frame = simulated.clover()
    y = frame["biomass.1"].to_numpy(float)
    X = full_rank(np.column_stack([np.ones(len(y)), dummies(frame["site.year"])]))
    parts = [dummies(frame["entry"]), dummies(frame["rep"]), dummies(frame["site.year"], frame["entry"])]
    grams = [Z @ Z.T for Z in parts]
    first = (frame["site.year"] == "24AL").to_numpy(float)

    def common(theta: np.ndarray) -> np.ndarray:
        return np.asarray(sum(t * G for t, G in zip(theta, grams, strict=False)) + theta[3] * np.eye(len(y)))

    def separate(theta: np.ndarray) -> np.ndarray:
        random = sum(t * G for t, G in zip(theta, grams, strict=False))
        return np.asarray(random + np.diag(theta[3] * first + theta[4] * (1 - first)))

    one, two = (
        maximise(y, X, common, [20.0, 5.0, 50.0, 150.0]),
        maximise(y, X, separate, [20.0, 5.0, 50.0, 190.0, 80.0]),
    )
    terms = ("entry", "rep", "site.year:entry")
    checks = [_loglik("m1", one.loglik)]
    checks += [_component("m1", r, v) for r, v in zip((*terms, "units!R"), one.theta, strict=True)]
    checks += [_loglik("m2", two.loglik)]
    names = (*terms, "site.year_24AL!R", "site.year_25AL!R")
    checks += [_component("m2", r, v) for r, v in zip(names, two.theta, strict=True)]
    statements = [
        "m1 <- asreml(biomass.1 ~ site.year, random = ~ entry + rep + site.year:entry, data = clover, exact = TRUE)",
        "m2 <- asreml(biomass.1 ~ site.year, random = ~ entry + rep + site.year:entry, "
        "residual = ~ dsum(~ units | site.year), data = clover %>% arrange(site.year, X), exact = TRUE)",
    ]
    return _case("clover__dsum", "clover", statements, checks, ["dsum()", "arrange", "pipe", "exact"])


def sites_case() -> str:
    """Forms of a site by genotype term: one variance, one a site, unstructured; and a term at one site."""
    frame = simulated.sites()
    y = frame["Yield"].to_numpy(float)
    site = dummies(frame["Site"])
    X = full_rank(np.column_stack([np.ones(len(y)), site]))
    cross = dummies(frame["Site"], frame["Geno"])
    geno = dummies(frame["Geno"])
    block = dummies(frame["rep"]) * site[:, [0]]

    def fit(covariance: Covariance, start: list[float]) -> Any:
        return maximise(y, X, covariance, start)

    def us(theta: np.ndarray) -> np.ndarray:
        S = np.zeros((3, 3))
        S[np.tril_indices(3)] = theta[:6]
        S = S + np.tril(S, -1).T
        return np.asarray((site @ S @ site.T) * (geno @ geno.T) + np.diag(site @ theta[6:9]))

    plain = fit(lambda t: t[0] * cross @ cross.T + t[1] * np.eye(len(y)), [9.0, 10.0])
    by_site = fit(lambda t: (cross * (site @ t[:3])[:, None]) @ cross.T + t[3] * np.eye(len(y)), [9.0, 16.0, 4.0, 10.0])
    at_one = fit(
        lambda t: t[0] * block @ block.T + t[1] * cross @ cross.T + np.diag(site @ t[2:5]), [6.0, 9.0, 8.0, 20.0, 5.0]
    )
    unstructured = fit(us, [9.0, 7.0, 16.0, 4.0, 5.0, 4.0, 10.0, 20.0, 5.0])
    statements = [
        "m1 <- asreml(Yield ~ Site, random = ~ Site:Geno, data = sites, exact = TRUE)",
        "m2 <- asreml(Yield ~ Site, random = ~ idv(Site):idv(Geno), data = sites, exact = TRUE)",
        "m3 <- asreml(Yield ~ Site, random = ~ Site:Geno, residual = ~ idv(units), data = sites, exact = TRUE)",
        "d1 <- asreml(Yield ~ Site, random = ~ idh(Site):Geno, data = sites, exact = TRUE)",
        "d2 <- asreml(Yield ~ Site, random = ~ diag(Site):Geno, data = sites, exact = TRUE)",
        "d3 <- asreml(Yield ~ Site, random = ~ at(Site):Geno, data = sites, exact = TRUE)",
        'a1 <- asreml(Yield ~ Site, random = ~ at(Site, "PBU"):rep + Site:Geno, residual = ~ dsum(~ units | Site), '
        "data = sites, exact = TRUE)",
        "u1 <- asreml(Yield ~ Site, random = ~ us(Site):id(Geno), residual = ~ dsum(~ units | Site), "
        "data = sites, exact = TRUE)",
    ]
    checks = [_loglik(m, plain.loglik) for m in ("m1", "m2", "m3")]
    checks += [_component("m1", "Site:Geno", plain.theta[0]), _component("m1", "units!R", plain.theta[1])]
    checks += [_loglik(m, by_site.loglik) for m in ("d1", "d2", "d3")]
    names = ("PBU", "NAR", "WIN")
    checks += [_component("d2", f"Site:Geno!Site_{s}", by_site.theta[i]) for i, s in enumerate(names)]
    checks += [_component("d3", f"at(Site, '{s}'):Geno", by_site.theta[i]) for i, s in enumerate(names)]
    checks += [_loglik("a1", at_one.loglik), _component("a1", "at(Site, 'PBU'):rep", at_one.theta[0])]
    checks += [_component("a1", f"Site_{s}!R", at_one.theta[2 + i]) for i, s in enumerate(names)]
    checks += [_loglik("u1", unstructured.loglik)]
    pairs = [f"{names[i]}:{names[j]}" for i in range(3) for j in range(i + 1)]
    checks += [_component("u1", f"Site:Geno!Site_{p}", v) for p, v in zip(pairs, unstructured.theta, strict=False)]
    features = ["idv()", "idh()", "diag()", "at()", "us()", "dsum()", "exact"]
    return _case("sites__structures", "sites", statements, checks, features)


CASES: dict[str, Callable[[], str]] = {
    "field__ar1_ar1.yaml": field_case,
    "clover__dsum.yaml": clover_case,
    "sites__structures.yaml": sites_case,
}


def main(folder: Path = HERE) -> int:
    """Write every file."""
    for name in DATA:
        for file, text in data_files(name).items():
            (folder / "data" / file).write_text(text, encoding="utf-8")
    for file, make in CASES.items():
        (folder / "cases" / file).write_text(make(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
