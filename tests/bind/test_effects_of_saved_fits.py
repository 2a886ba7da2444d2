"""Effect names, their order, numbers of effects and aliased effects of saved asreml fits."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from pyasreml.bind import bind
from pyasreml.design import build, effect_names
from pyasreml.model import model_spec
from tests.bind.saved import call_formulas, read_data

SAVED = [
    "19f82ab6_model_asr2__rds",
    "2eb6cb52_multi_dsum__model_dsum",
    "3b525573_w2_models__example3.asr",
    "3b525573_w2_models__example4.asr",
    "3b525573_w2_models__example6.asr",
    "3b525573_w2_models__exercise12.asr",
    "3b525573_w2_models__exercise13.asr",
    "3b525573_w2_models__exercise14.asr",
    "3b525573_w2_models__exercise8.asr",
    "7b6c8bb9_asreml_model__model3.asr",
    "7b6c8bb9_asreml_model__model4.asr",
    "81f27e76_model_asr2__rds",
    "e4ceb234_model_asr2__rds",
]


@pytest.mark.parametrize("name", SAVED)
def test_saved_object(name: str, shared: Path) -> None:
    saved = json.loads((shared / "cases" / "objects" / f"{name}.json").read_text())
    call = call_formulas(saved["call"])
    data = read_data(shared / "data" / "objects" / Path(saved["data"]).name)
    spec = model_spec(call["fixed"], call.get("random"), call.get("sparse"), call.get("residual"))
    bound = bind(spec, data)
    design = build(bound)

    same_order = saved["core_version"] is not None
    fixed = {}
    for term, columns in zip(bound.fixed, design.fixed_terms, strict=True):
        fixed.update(zip(effect_names(term), columns.kept.tolist(), strict=True))
    want = dict(zip(saved["coef_fixed"]["rows"], np.ravel(saved["coef_fixed"]["values"]).tolist(), strict=True))
    random = [name for term in bound.random for name in effect_names(term)]
    if same_order:
        assert list(fixed) == list(want)
        assert random == saved["coef_random"]["rows"]
    else:
        assert sorted(fixed) == sorted(want)
        assert sorted(random) == sorted(saved["coef_random"]["rows"])
    assert [n for n, kept in fixed.items() if not kept] == [n for n in fixed if want[n] == 0]

    noeff = dict(zip(saved["noeff"]["names"], saved["noeff"]["values"], strict=True))
    counts = {columns.label: columns.rank for columns in design.fixed_terms}
    counts.update({term.label: term.size for term in bound.random})
    missing = int(np.isnan(bound.y).sum())
    if missing:
        counts["mv"] = missing
    assert counts == noeff
    if same_order:
        assert [label for label in counts if label != "mv"] == [label for label in noeff if label != "mv"]
    assert int((~np.isnan(bound.y)).sum()) - design.rank == saved["nedf"]


def test_start_summaries(shared: Path) -> None:
    """The first column of saved traces holds start values made of these variances."""
    saved = json.loads((shared / "cases" / "objects" / "7b6c8bb9_asreml_model__model4.asr.json").read_text())
    call = call_formulas(saved["call"])
    data = read_data(shared / "data" / "objects" / Path(saved["data"]).name)
    bound = bind(model_spec(call["fixed"], call["random"], residual=call["residual"]), data)
    assert bound.summaries.variance / 20 == pytest.approx(36.35381, abs=5e-6)
    assert bound.summaries.sections / 2 == pytest.approx([366.0982, 366.0982], abs=5e-5)
    assert [section.label for section in bound.sections] == ["Year_2020", "Year_2021"]
    assert [[call.name for call in section.structures] for section in bound.sections] == [["ar1", "ar1"]] * 2
