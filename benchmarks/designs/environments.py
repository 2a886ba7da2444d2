"""Genotypes at many sites: factor-analytic and unstructured covariances, a residual variance for each site."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from .design import Design, FloatArray, beside, coefficient_matrix, factor, generator, indicators, kron


def sites(count: int, genotypes: int, model: str = "fa(site, 2)", replicates: int = 2, seed: int = 6) -> Design:
    """Every genotype at every site, `replicates` times; two factors and specific variances; errors 0.5 to 2.

    The model has a mean of each replicate at each site, `model` for the genotypes across the sites and a residual
    variance for each site.
    """
    random = generator(seed)
    loadings = np.column_stack([random.normal(0.9, 0.3, count), random.normal(0.0, 0.5, count)])
    specific = random.uniform(0.2, 0.6, count)
    errors = random.uniform(0.5, 2.0, count)
    scores = random.standard_normal((2, genotypes))
    effects = loadings @ scores + specific[:, None] ** 0.5 * random.standard_normal((count, genotypes))
    site, rest = np.divmod(np.arange(count * genotypes * replicates), genotypes * replicates)
    genotype, replicate = np.divmod(rest, replicates)
    y = (
        60.0
        + random.normal(0, 5, count)[site]
        + random.normal(0, 1, (count, replicates))[site, replicate]
        + effects[site, genotype]
        + errors[site] ** 0.5 * random.standard_normal(site.size)
    )
    frame = pd.DataFrame(
        {
            "site": factor(site, "s", count),
            "rep": factor(replicate, "r", replicates),
            "geno": factor(genotype, "g", genotypes),
            "y": y,
        }
    )
    arguments = {"fixed": "y ~ site + site:rep", "random": f"~ {model}:geno", "residual": "~ dsum(~ units | site)"}

    def equations() -> list[sparse.csc_matrix]:
        cells = indicators(site * replicates + replicate, count * replicates)
        Z = indicators(site * genotypes + genotype, count * genotypes)
        covariance: FloatArray = loadings @ loadings.T + np.diag(specific)
        precision: Any = sparse.diags(1 / errors[site])
        inverse = kron(np.linalg.inv(covariance), sparse.identity(genotypes))
        found = [coefficient_matrix(beside(cells, Z), [inverse], precision)]
        if model.startswith("fa"):
            T = kron(np.hstack([np.diag(specific**0.5), loadings]), sparse.identity(genotypes))
            white = sparse.identity(T.shape[1])
            found.append(coefficient_matrix(beside(cells, Z @ T), [white], precision))
        return found

    return Design(frame, arguments, equations)
