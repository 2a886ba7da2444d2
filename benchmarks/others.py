"""Other programs on the same data in the same run, where they are installed: CHOLMOD, statsmodels, lme4."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import pandas as pd
from scipy import sparse

INSTEVAL = """
suppressMessages(library(lme4))
data(InstEval)
write.csv(InstEval, "insteval.csv", row.names = FALSE)
seconds <- system.time(m <- lmer(y ~ service + (1|s) + (1|d) + (1|dept:service), InstEval))[["elapsed"]]
v <- as.data.frame(VarCorr(m))
cat(seconds, sprintf("%.17g", REMLcrit(m)), packageDescription("lme4")$Version, "\\n")
cat(paste(v$grp, sprintf("%.17g", v$vcov)), sep = "\\n")
"""


def cholmod_seconds(C: sparse.csc_matrix, repeat: int = 3) -> float | None:
    """Seconds of one numeric CHOLMOD factorisation of C, the symbolic part done before; None without scikit-sparse."""
    try:
        from sksparse.cholmod import cholesky
    except ImportError:
        return None
    factor = cholesky(C)
    times = []
    for _ in range(repeat):
        begin = time.perf_counter()
        factor.cholesky_inplace(C)
        times.append(time.perf_counter() - begin)
    return min(times)


def statsmodels_seconds(frame: pd.DataFrame) -> float | None:
    """Seconds of statsmodels' MixedLM on the oats model, or None where it is not installed."""
    try:
        import statsmodels.formula.api as smf
    except ImportError:
        return None
    renamed = frame.rename(columns={"yield": "y"})
    begin = time.perf_counter()
    model = smf.mixedlm("y ~ Variety*Nitrogen", renamed, groups="Blocks", vc_formula={"W": "0 + C(Wplots)"})
    model.fit(reml=True)
    return time.perf_counter() - begin


def lme4_insteval() -> dict[str, Any] | None:
    """InstEval of lme4 fitted by lmer: data, seconds, REML criterion and variances; None without R and lme4."""
    if shutil.which("Rscript") is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        ran = subprocess.run(["Rscript", "-e", INSTEVAL], cwd=folder, capture_output=True, text=True, check=False)
        if ran.returncode != 0:
            return None
        first, *rest = ran.stdout.strip().splitlines()
        seconds, criterion, version = first.split()
        frame = pd.read_csv(Path(folder) / "insteval.csv", dtype={c: "category" for c in ("s", "d", "dept", "service")})
    variances = {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in rest}
    return {
        "frame": frame,
        "seconds": float(seconds),
        "criterion": float(criterion),
        "version": version,
        "variances": variances,
    }
