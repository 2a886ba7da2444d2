"""Programs in R: lme4, nlme, glmmTMB. Each fit is timed by R itself, in a process of its own."""

from __future__ import annotations

import json
import math
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from ..designs import Design
from ..resources import environment

MODELS: dict[str, dict[str, str]] = {
    "lme4": {
        "oats": "lmer(yield ~ Variety*Nitrogen + (1|Blocks/Wplots), d)",
        "insteval": "lmer(y ~ service + (1|s) + (1|d) + (1|dept:service), d)",
        "regression": "lmer(y ~ age + (age|id), d)",
        "crossed": "lmer(y ~ 1 + (1|A) + (1|B), d)",
        "iid": "lmer(y ~ x + (1|gid), d)",
    },
    "nlme": {
        "oats": "lme(yield ~ Variety*Nitrogen, random = ~ 1|Blocks/Wplots, data = d)",
        "regression": "lme(y ~ age, random = ~ age|id, data = d)",
        "iid": "lme(y ~ x, random = ~ 1|gid, data = d)",
    },
    "glmmTMB": {
        "oats": "glmmTMB(yield ~ Variety*Nitrogen + (1|Blocks/Wplots), d, REML = TRUE)",
        "insteval": "glmmTMB(y ~ service + (1|s) + (1|d) + (1|dept:service), d, REML = TRUE)",
        "regression": "glmmTMB(y ~ age + (age|id), d, REML = TRUE)",
        "sites_fa": "glmmTMB(y ~ site + site:rep + rr(0 + site|geno, 2) + diag(0 + site|geno), d, "
        "dispformula = ~ site, REML = TRUE)",
        "sites_us6": "glmmTMB(y ~ site + site:rep + (0 + site|geno), d, dispformula = ~ site, REML = TRUE)",
        "iid": "glmmTMB(y ~ x + (1|gid), d, REML = TRUE)",
    },
}
"""The call that fits a case, by program."""

SCRIPT = """
suppressMessages(library(%(package)s))
d <- read.csv("data.csv", stringsAsFactors = TRUE)
for (name in %(factors)s) d[[name]] <- factor(d[[name]])
status <- function(name) {
  lines <- tryCatch(readLines("/proc/self/status"), error = function(e) character(), warning = function(w) character())
  line <- grep(paste0("^", name, ":"), lines, value = TRUE)
  if (length(line)) as.numeric(gsub("[^0-9]", "", line)) * 1024 else 0
}
invisible(gc())
try(cat("5", file = "/proc/self/clear_refs"), silent = TRUE)
before <- status("VmRSS")
cpu <- wall <- Inf
spent <- 0
for (k in seq_len(%(repeat)d)) {
  begin <- proc.time()
  m <- suppressMessages(suppressWarnings(%(call)s))
  seconds <- proc.time() - begin
  used <- seconds[["user.self"]] + seconds[["sys.self"]]
  if (used < cpu) { cpu <- used; wall <- seconds[["elapsed"]] }
  spent <- spent + used
  if (spent > 5) break
}
cat(sprintf('{"cpu": %%.6f, "wall": %%.6f, "loglik": %%.12f, "peak": %%.0f, "version": "%%s"}\\n', cpu, wall,
            as.numeric(logLik(m)), status("VmHWM") - before, packageDescription("%(package)s")$Version))
"""


def fit(name: str, case: str, design: Design, repeat: int) -> dict[str, Any]:
    """Fit `case` with an R package; empty where R or the package is not installed."""
    if shutil.which("Rscript") is None or not installed(name):
        return {}
    factors = [c for c in design.frame.columns if str(design.frame[c].dtype) == "category"]
    quoted = "c(" + ", ".join(f'"{c}"' for c in factors) + ")"
    script = SCRIPT % {"package": name, "call": MODELS[name][case], "repeat": repeat, "factors": quoted}
    with tempfile.TemporaryDirectory() as folder:
        design.frame.to_csv(Path(folder) / "data.csv", index=False)
        (Path(folder) / "fit.R").write_text(script, encoding="utf-8")
        ran = subprocess.run(
            ["Rscript", "fit.R"], cwd=folder, capture_output=True, text=True, check=False, env=environment()
        )
    if ran.returncode != 0:
        return {"error": ran.stderr.strip()[-500:]}
    found: dict[str, Any] = json.loads(re.sub(r"\bNA\b", "NaN", ran.stdout.strip().splitlines()[-1]))
    return {"error": "did not converge: no log-likelihood"} if math.isnan(found["loglik"]) else found


def installed(package: str) -> bool:
    """Whether R has a package."""
    code = f'quit(status = !requireNamespace("{package}", quietly = TRUE))'
    return subprocess.run(["Rscript", "-e", code], capture_output=True, check=False).returncode == 0
