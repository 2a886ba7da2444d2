"""The table of benchmarks: name, model, sizes, the programs that fit the same model, published seconds."""

from __future__ import annotations

from functools import partial

from .crossed import crossed, one_factor, ratings, split_plot
from .design import Case
from .environments import sites
from .fields import field, field_of_the_grid
from .genomic import gblup, grm
from .neighbours import ige
from .pedigrees import animals, two_traits
from .traits import regression, traits

SIDES = {"small": {"side": 25}, "medium": {"side": 50}, "full": {"side": 100}}
GENOTYPES = {"small": {"genotypes": 60}, "medium": {"genotypes": 170}, "full": {"genotypes": 500}}
ANIMALS = {"small": {"count": 10_000}, "medium": {"count": 100_000}, "full": {"count": 1_000_000}}
GRID_SIZES = ("tiny", "small", "medium", "full")
GRID = {name: {"records": n} for name, n in zip(GRID_SIZES, (500, 2_000, 8_000, 16_000), strict=True)}


def _walls(*seconds: float) -> dict[str, float]:
    return dict(zip(GRID_SIZES, seconds, strict=True))


SUBJECTS = (
    Case(
        "oats",
        "B1: split-plot, 72 records",
        split_plot,
        {"small": {}},
        peers={"lme4": "full", "nlme": "full", "glmmTMB": "full", "statsmodels": "full"},
        repeat=30,
    ),
    Case(
        "insteval",
        "B2: lecturers rated by students, three crossed random terms",
        ratings,
        {"small": {"share": 1 / 9}, "medium": {"share": 1 / 3}, "full": {"share": 1.0}},
        peers={"lme4": "full", "glmmTMB": "full"},
        repeat=3,
    ),
    Case("field", "B3: field, AR1 x AR1, varieties five times each", field, SIDES),
    Case("field_units", "B3: the same with units", partial(field, units=True), SIDES),
    Case(
        "sites_fa",
        "B4: 20 sites, fa(2), residual by site",
        partial(sites, 20),
        GENOTYPES,
        peers={"glmmTMB": "full"},
    ),
    Case("sites_us", "B4: 20 sites, us, residual by site", partial(sites, 20, model="us(site)"), GENOTYPES),
    Case(
        "sites_us6",
        "six sites, us, residual by site",
        partial(sites, 6, model="us(site)"),
        GENOTYPES,
        peers={"glmmTMB": "full"},
        repeat=3,
    ),
    Case(
        "animals",
        "B5: animal model, regions of 1,000, 1 % migration",
        animals,
        ANIMALS,
        quoted={"gremlin": {"small": 0.43}},
        repeat=3,
    ),
    Case(
        "animals_random",
        "animal model, the whole population mates at random",
        partial(animals, region_size=0),
        {"small": {"count": 10_000}, "medium": {"count": 30_000}, "full": {"count": 100_000}},
    ),
    Case(
        "animals_refused",
        "a million animals that mate at random in 8 GB: refused beforehand",
        partial(animals, region_size=0, workspace="8gb"),
        {"full": {"count": 1_000_000}},
    ),
    Case(
        "gblup",
        "B6: genomic relationship matrix, two records each",
        gblup,
        {"small": {"individuals": 750}, "medium": {"individuals": 1500}, "full": {"individuals": 3000}},
        quoted={"gaston": {"full": 119.0}},
    ),
    Case(
        "two_traits",
        "B7: bivariate animal model",
        two_traits,
        {"small": {"count": 2_000}, "medium": {"count": 6_000}, "full": {"count": 20_000}},
    ),
    Case(
        "regression",
        "B7: random regression, ten ages a subject",
        regression,
        {"small": {"subjects": 500}, "medium": {"subjects": 1_500}, "full": {"subjects": 5_000}},
        peers={"lme4": "full", "nlme": "full", "glmmTMB": "full", "statsmodels": "medium"},
        repeat=10,
    ),
    Case(
        "crossed",
        "B8: two crossed random factors",
        crossed,
        {
            "small": {"records": 40_000, "first": 2_000, "second": 200},
            "medium": {"records": 200_000, "first": 10_000, "second": 1_000},
            "full": {"records": 1_000_000, "first": 50_000, "second": 5_000},
        },
        peers={"lme4": "full"},
    ),
)

GRID_CASES = (
    Case(
        "iid",
        "grid: one random factor",
        one_factor,
        GRID,
        peers={"lme4": "full", "nlme": "full", "glmmTMB": "full", "statsmodels": "medium"},
        repeat=15,
        published=_walls(5.1, 4.8, 5.6, 5.8),
    ),
    Case("grm", "grid: one genomic relationship matrix", grm, GRID, published=_walls(4.8, 5.2, 15.1, 84.3)),
    Case("ar1ar1", "grid: field, AR1 x AR1", field_of_the_grid, GRID, published=_walls(4.9, 5.4, 11.0, 46.6)),
    Case("us3", "grid: 3 traits", partial(traits, count=3), GRID, published=_walls(4.9, 5.4, 4.9, 6.2)),
    Case("us6", "grid: 6 traits", partial(traits, count=6), GRID, published=_walls(4.8, 5.5, 5.3, 6.6)),
    Case("us9", "grid: 9 traits", partial(traits, count=9), GRID, published=_walls(4.9, 5.4, 5.6, 6.8)),
    Case("us12", "grid: 12 traits", partial(traits, count=12), GRID, published=_walls(6.4, 7.7, 5.6, 7.3)),
    Case(
        "usK3",
        "grid: 3 traits, genomic",
        partial(traits, count=3, related=True),
        GRID,
        published=_walls(5.2, 6.5, 78.8, 546.7),
    ),
    Case(
        "usK6",
        "grid: 6 traits, genomic",
        partial(traits, count=6, related=True),
        GRID,
        published=_walls(5.4, 6.6, 77.9, 549.6),
    ),
    Case("ige", "grid: neighbours of two species", ige, GRID, published=_walls(9.4, 19.3, 815.7, 5_422.4)),
)

CASES: dict[str, Case] = {case.name: case for case in (*SUBJECTS, *GRID_CASES)}
