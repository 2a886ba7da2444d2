"""Verbs on data frames: columns in sight, rows chosen and ordered."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from pyasreml.r import RError, Session

DATA = pd.DataFrame({"g": ["b", "a", "b", "a"], "v": [3.0, 1.0, 2.0, None], "k": [1, 2, 3, 4]})


def _rows(text: str) -> Any:
    return Session({"d": DATA, "cut": 2}).eval(text)


@pytest.mark.parametrize(
    ("text", "column", "want"),
    [
        ("d %>% arrange(g, k)", "k", [2, 4, 1, 3]),
        ("d %>% arrange(g, desc(k))", "k", [4, 2, 3, 1]),
        ("d |> arrange(v)", "k", [2, 3, 1, 4]),
        ("arrange(d, desc(v))", "k", [1, 3, 2, 4]),
        ("d %>% filter(v > 1)", "k", [1, 3]),
        ("d %>% filter(v > 1, k < cut)", "k", [1]),
        ('d %>% filter(grepl("^a", g))', "k", [2, 4]),
        ("d %>% mutate(w = k^2, z = w + 1)", "z", [2, 5, 10, 17]),
        ('d %>% mutate(g = gsub("a", "A", g, fixed = T))', "g", ["b", "A", "b", "A"]),
        ("d %>% select(k, g) %>% head(2)", "k", [1, 2]),
        ("d %>% select(-v) %>% rename(place = k)", "place", [1, 2, 3, 4]),
        ("subset(d, v > 1, select = c(g, k))", "k", [1, 3]),
        ("transform(d, w = k * 2)", "w", [2, 4, 6, 8]),
        ("d %>% slice(2:3)", "k", [2, 3]),
        ("d %>% dplyr::filter(k == 4)", "k", [4]),
    ],
)
def test_rows_and_columns(text: str, column: str, want: list[Any]) -> None:
    assert list(_rows(text)[column]) == want


def test_row_names_to_a_column() -> None:
    session = Session({"m": pd.DataFrame({"x": [1.0, 2.0]}, index=["entry_a", "entry_b"])})
    made = session.eval(
        'm %>% as.data.frame %>% rownames_to_column(var = "entry") %>% mutate(entry = gsub("entry_", "", entry))'
    )
    assert list(made["entry"]) == ["a", "b"]
    assert list(made.columns) == ["entry", "x"]
    assert session.eval("with(m, sum(x))") == 3


def test_row_names_after_choosing() -> None:
    assert [str(i) for i in _rows("filter(d, k > 2)").index] == ["1", "2"]
    assert [str(i) for i in _rows("d[d$k > 2, ]").index] == ["3", "4"]


def test_pull_and_group_names() -> None:
    assert _rows("d %>% pull(k)").tolist() == [1, 2, 3, 4]
    assert list(_rows("tapply(d$k, d$g, sum)").index) == ["a", "b"]


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("d %>% filter(k = 2)", "'==' may be meant"),
        ("d %>% filter(nothing > 1)", "object 'nothing' not found"),
        ("d %>% select(nothing)", "no column 'nothing'"),
        ("5 %>% filter(a)", "needs a data frame"),
        ("d %>% mutate(w = 1:3)", "replacement has 3 rows, data has 4"),
    ],
)
def test_errors(text: str, part: str) -> None:
    with pytest.raises(RError) as caught:
        _rows(text)
    assert part in str(caught.value)
