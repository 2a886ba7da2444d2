"""Crossed random factors: the oats split-plot, lecturers rated by students, a million rows, one factor of the grid."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import sparse

from pyasreml.demo.oats import oats

from .design import Design, balanced, beside, coefficient_matrix, factor, generator, indicators

RATINGS, STUDENTS, LECTURERS, DEPARTMENTS = 73_421, 2_972, 1_128, 14
EXPORT = 'data(InstEval, package = "lme4"); write.csv(InstEval, "insteval.csv", row.names = FALSE)'


def split_plot() -> Design:
    """Yates's oats, 72 records: whole plots in blocks, sub-plots in whole plots."""
    return Design(oats(), {"fixed": "yield ~ Variety*Nitrogen", "random": "~ Blocks/Wplots"})


@cache
def published_ratings() -> pd.DataFrame | None:
    """InstEval of the R package lme4, None where R or lme4 is not installed."""
    if shutil.which("Rscript") is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        ran = subprocess.run(["Rscript", "-e", EXPORT], cwd=folder, capture_output=True, check=False)
        if ran.returncode != 0:
            return None
        factors = dict.fromkeys(("s", "d", "dept", "service"), "category")
        return pd.read_csv(Path(folder) / "insteval.csv", dtype=factors)


def simulated_ratings(seed: int = 2) -> pd.DataFrame:
    """Ratings of the shape of InstEval: as many students, lecturers, departments and records."""
    random = generator(seed)
    student = np.sort(np.concatenate([np.arange(STUDENTS), random.integers(0, STUDENTS, RATINGS - STUDENTS)]))
    department_of = random.integers(0, DEPARTMENTS, LECTURERS)
    popularity = random.gamma(1.0, 1.0, LECTURERS)
    lecturer = random.choice(LECTURERS, RATINGS, p=popularity / popularity.sum())
    service = (random.random(RATINGS) < 0.43).astype(np.int64)
    cell = 2 * department_of[lecturer] + service
    y = (
        3.28
        - 0.07 * service
        + random.normal(0, 0.105**0.5, STUDENTS)[student]
        + random.normal(0, 0.262**0.5, LECTURERS)[lecturer]
        + random.normal(0, 0.012**0.5, 2 * DEPARTMENTS)[cell]
        + random.normal(0, 1.385**0.5, RATINGS)
    )
    return pd.DataFrame(
        {
            "s": factor(student, levels=STUDENTS),
            "d": factor(lecturer, levels=LECTURERS),
            "dept": factor(department_of[lecturer], levels=DEPARTMENTS),
            "service": factor(service, levels=2),
            "y": np.clip(np.rint(y), 1, 5),
        }
    )


def ratings(share: float = 1.0) -> Design:
    """Lecturers rated by the first `share` of the students; the published data where they can be had."""
    found = published_ratings()
    frame = simulated_ratings() if found is None else found
    codes = frame["s"].cat.codes.to_numpy()
    kept = frame[codes < share * frame["s"].cat.categories.size].reset_index(drop=True)
    for name in ("s", "d", "dept", "service"):
        kept[name] = kept[name].cat.remove_unused_categories()
    arguments = {"fixed": "y ~ service", "random": "~ s + d + dept:service"}
    return Design(kept, arguments, lambda: [_ratings_equations(kept)])


def _ratings_equations(frame: pd.DataFrame) -> sparse.csc_matrix:
    code = {c: frame[c].cat.codes.to_numpy().astype(np.int64) for c in ("s", "d", "dept", "service")}
    count = {c: frame[c].cat.categories.size for c in code}
    one = np.ones((len(frame), 1))
    cell = code["dept"] * 2 + code["service"]
    parts = [
        sparse.csr_matrix(np.hstack([one, code["service"][:, None]])),
        indicators(code["s"], count["s"]),
        indicators(code["d"], count["d"]),
        indicators(cell, 2 * count["dept"]),
    ]
    ratios = [13.2, 5.3, 115.0]
    priors = [r * sparse.identity(p.shape[1]) for r, p in zip(ratios, parts[1:], strict=True)]
    return coefficient_matrix(beside(*parts), priors)


def crossed(records: int, first: int, second: int, seed: int = 5) -> Design:
    """Two crossed random factors met at random; variances 1, 0.5 and 2."""
    random = generator(seed)
    a, b = random.integers(0, first, records), random.integers(0, second, records)
    effects = random.normal(0.0, 1.0, first)[a] + random.normal(0.0, 0.5**0.5, second)[b]
    y = 3.0 + effects + random.normal(0.0, 2.0**0.5, records)
    frame = pd.DataFrame({"A": factor(a, "a", first), "B": factor(b, "b", second), "y": y})

    def equations() -> list[sparse.csc_matrix]:
        W = beside(np.ones((records, 1)), indicators(a, first), indicators(b, second))
        return [coefficient_matrix(W, [2.0 * sparse.identity(first), 4.0 * sparse.identity(second)])]

    return Design(frame, {"fixed": "y ~ 1", "random": "~ A + B"}, equations)


def one_factor(records: int, seed: int = 11) -> Design:
    """``iid`` of the grid: genotypes four times each, one covariate; genotype sd 1.2, error sd 1."""
    random = generator(seed)
    q = records // 4
    plan = balanced(random, records, q)
    x = random.standard_normal(records)
    y = 10.0 + 0.5 * x + random.normal(0.0, 1.2, q)[plan] + random.standard_normal(records)
    frame = pd.DataFrame({"gid": factor(plan, "g", q), "x": x, "y": y})

    def equations() -> list[sparse.csc_matrix]:
        W = beside(np.ones((records, 1)), x[:, None], indicators(plan, q))
        return [coefficient_matrix(W, [sparse.identity(q) / 1.44])]

    return Design(frame, {"fixed": "y ~ x", "random": "~ gid"}, equations)
