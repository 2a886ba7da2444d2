"""What ``print(fit)`` and a notebook show of a fit."""

from __future__ import annotations

import html
from typing import Any

from pyasreml.fit.call_text import CallText
from pyasreml.fit.tables import varcomp
from pyasreml.rprint.trace_lines import seven_digits

__all__ = ["fit_html", "fit_text"]


def _facts(fit: Any) -> list[tuple[str, str]]:
    steps = fit.trace.shape[1] - 1
    state = "converged" if fit.converge else "not converged"
    scale = "gamma" if fit.gamma else "sigma"
    return [
        ("REML log-likelihood", seven_digits(fit.loglik)),
        ("Residual variance" if fit.gamma else "Residual scale", seven_digits(fit.sigma2) if fit.gamma else "1"),
        ("Residual df", str(fit.nedf)),
        ("Iterations", f"{steps}, {state} ({scale} parameterisation)"),
    ]


def fit_text(fit: Any) -> str:
    """The call, the log-likelihood and how it was reached, the variance components."""
    width = max(len(name) for name, _ in _facts(fit))
    facts = [f"{name + ':':<{width + 1}} {value}" for name, value in _facts(fit)]
    return "\n".join([CallText(fit.call).format_r(), "", *facts, "", "Variance components", str(varcomp(fit))])


def fit_html(fit: Any) -> str:
    """The same as HTML."""
    rows = "".join(
        f"<tr><th style='text-align:left'>{html.escape(name)}</th><td>{html.escape(value)}</td></tr>"
        for name, value in _facts(fit)
    )
    call = html.escape(CallText(fit.call).format_r())
    return f"<pre>{call}</pre><table>{rows}</table>{varcomp(fit)._repr_html_()}"
