"""The calls of the demonstration: Python and R text, each shown before its output."""

from __future__ import annotations

OATS = """
# Yates's oats: varieties on whole plots, nitrogen on sub-plots
fit = pa.asreml("yield ~ Variety*Nitrogen", random="~ Blocks/Wplots", data=oats)
pa.summary(fit).varcomp
pa.wald(fit)
pa.wald(fit, denDF="default", trace=False)
small = pa.asreml("yield ~ Variety*Nitrogen", random="~ Blocks", data=oats, trace=False)
pa.lrt(fit, small)
pa.predict(fit, classify="Nitrogen").pvals
pa.predict(fit, classify="Variety", sed=True)
pa.vpredict(fit, "repeatability ~ (V1 + V2)/(V1 + V2 + V3)")
"""

# data1: the simulated trial under the names of the lesson before.
STRUCTURES = """
# the same model in gamma and sigma form; exact=True goes to the REML optimum, where they meet
m1 = pa.asreml("Yield ~ Site", random="~ Site:Geno", data=data1, exact=True, trace=False)
m2 = pa.asreml("Yield ~ Site", random="~ idv(Site):idv(Geno)", data=data1, exact=True, trace=False)
m3 = pa.asreml("Yield ~ Site", random="~ Site:Geno", residual="~ idv(units)", data=data1, exact=True, trace=False)
[round(m.loglik, 6) for m in (m1, m2, m3)]
# one variance a site, written in three ways
d1 = pa.asreml("Yield ~ Site", random="~ idh(Site):Geno", data=data1, exact=True, trace=False)
d2 = pa.asreml("Yield ~ Site", random="~ diag(Site):Geno", data=data1, exact=True, trace=False)
d3 = pa.asreml("Yield ~ Site", random="~ at(Site):Geno", data=data1, exact=True, trace=False)
[round(m.loglik, 6) for m in (d1, d2, d3)]
pa.summary(d2).varcomp
# a term at one site only
at = pa.asreml("Yield ~ Site", random='~ at(Site, "PBU"):rep + Site:Geno', data=data1, trace=False)
pa.summary(at).varcomp
# unstructured over sites, one residual variance a site
us = pa.asreml("Yield ~ Site", random="~ us(Site):id(Geno)", residual="~ dsum(~units | Site)", data=data1, maxit=50)
pa.summary(us).varcomp
"""

LESSON = """
asr_mm = pa.asreml("biomass.1 ~ site.year", random="~ entry + rep + site.year:entry", data=al_alt)
pa.summary(asr_mm).varcomp
pa.vc(asr_mm)
pa.coef(asr_mm).fixed
pa.coef(asr_mm, list=True)["entry"].head(6)
pa.summary(asr_mm, coef=True).coef_random.head(6)
asr_nullentry = pa.asreml("biomass.1 ~ site.year", random="~ rep + site.year:entry", data=al_alt)
pa.lrt(asr_mm, asr_nullentry)
pa.wald(asr_mm)
pa.wald(asr_mm, ssType="conditional", denDF="numeric", trace=False)
# one residual variance a site-year: the records have to be in the order of the sections
ordered = al_alt.sort_values(["site.year", "X"])
dsum = "~ dsum(~units | site.year)"
terms = "~ entry + rep + site.year:entry"
asr_heterror = pa.asreml("biomass.1 ~ site.year", random=terms, residual=dsum, data=ordered, maxit=90)
pa.summary(asr_heterror).varcomp
pa.lrt(asr_mm, asr_heterror)
pa.summary(asr_heterror).aic
again = pa.update(asr_heterror, trace=False)
again.converge
from_values = "~ idv(entry, init=0.2) + rep + site.year:entry"
start = pa.asreml("biomass.1 ~ site.year", random=from_values, data=al_alt, workspace="1gb", trace=False)
start.loglik
# reliability of each entry, and their mean: Cullis's heritability
blups = pa.summary(asr_heterror, coef=True).coef_random
blups = blups[blups.index.str.startswith("entry_")]
Vg = pa.summary(asr_heterror).varcomp.loc["entry", "component"]
float(1 - (blups["std.error"] ** 2 / Vg).mean())
pa.predict(asr_mm, classify="entry").pvals.head(6)
"""

R_TEXT = """
asr_mm <- asreml(biomass.1 ~ site.year, random = ~ entry + rep + site.year:entry, data = al_alt)
summary(asr_mm)$varcomp
lucid::vc(asr_mm)
coef(asr_mm)$fixed
coef(asr_mm, list = T)$entry %>% head
summary(asr_mm, coef = T)$coef.random %>% head
asr_nullentry <- asreml(biomass.1 ~ site.year, random = ~ rep + site.year:entry, data = al_alt, trace = F)
lrt(asr_mm, asr_nullentry)
wald(asr_mm)
asr_heterror <- asreml(biomass.1 ~ site.year, random = ~ entry + rep + site.year:entry, residual = ~ dsum(~units | site.year), data = al_alt %>% arrange(site.year, X), maxit = 90)
lrt(asr_mm, asr_heterror)
summary(asr_heterror)$aic
summary(asr_heterror)$aic - summary(asr_mm)$aic
blups <- summary(asr_heterror, coef = T)$coef.random %>% as.data.frame %>% rownames_to_column(var = "entry") %>% filter(grepl("^entry_", entry)) %>% mutate(entry = gsub("entry_", "", entry, fixed = T))
Vg <- summary(asr_heterror)$varcomp["entry", "component"]
blups <- blups %>% mutate(PEV = std.error^2, REL = 1 - (PEV/Vg))
blups %>% head
mean(blups$REL)
predict(asr_mm, classify = "entry")$pvals %>% head
"""  # noqa: E501 - R text as its author writes it

R_PLOTS = """
plot(asr_mm)
hist(residuals(asr_mm))
plot(x = fitted(asr_mm), y = scale(residuals(asr_mm)))
qqnorm(residuals(asr_mm)); qqline(residuals(asr_mm))
"""
