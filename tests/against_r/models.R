# Fits of lme4 on data sets of lme4 and nlme, for comparison:  Rscript models.R FOLDER
# Writes to FOLDER: NAME.csv (the data), levels.csv (factor levels in order), models.csv (formulas) and lme4.csv (REML criterion, variances).
suppressMessages({library(lme4); library(nlme)})
folder <- commandArgs(TRUE)[1]
load_from <- function(name, package) { e <- new.env(); data(list = name, package = package, envir = e); as.data.frame(e[[name]]) }
models <- list(
  list("Dyestuff", "lme4", "Yield ~ 1", "Batch"),
  list("Penicillin", "lme4", "diameter ~ 1", "plate + sample"),
  list("Pastes", "lme4", "strength ~ 1", "batch + batch:cask"),
  list("cake", "lme4", "angle ~ recipe*temperature", "recipe:replicate"),
  list("sleepstudy", "lme4", "Reaction ~ Days", "Subject"),
  list("Rail", "nlme", "travel ~ 1", "Rail"),
  list("Oats", "nlme", "yield ~ nitro", "Block + Block:Variety"),
  list("Machines", "nlme", "score ~ Machine", "Worker + Worker:Machine"),
  list("Oxide", "nlme", "Thickness ~ Source", "Lot + Lot:Wafer"),
  list("Pixel", "nlme", "pixel ~ day + I(day^2)", "Dog + Dog:Side"),
  list("Alfalfa", "nlme", "Yield ~ Date*Variety", "Block + Block:Variety"),
  list("Orthodont", "nlme", "distance ~ age*Sex", "Subject"),
  list("ergoStool", "nlme", "effort ~ Type", "Subject"),
  list("MathAchieve", "nlme", "MathAch ~ SES*Sex", "School"),
  list("RatPupWeight", "nlme", "weight ~ Treatment + sex + Lsize", "Litter"),
  list("Spruce", "nlme", "logSize ~ days", "plot + plot:Tree")
)
options(contrasts = c("contr.treatment", "contr.treatment"))  # the criterion depends on the coding of the fixed effects
digits <- function(x) sprintf("%.17g", x)
results <- levels_of <- formulas <- NULL
for (m in models) {
  d <- load_from(m[[1]], m[[2]])
  d[] <- lapply(d, function(x) if (is.factor(x)) factor(as.character(x), levels = levels(x)) else if (is.numeric(x)) as.numeric(x) else x)
  groups <- strsplit(m[[4]], " + ", fixed = TRUE)[[1]]
  f <- as.formula(paste(m[[3]], "+", paste0("(1|", groups, ")", collapse = " + ")))
  control <- lmerControl(optimizer = "bobyqa", optCtrl = list(rhobeg = 0.2, rhoend = 1e-11, maxfun = 1e5), check.conv.singular = "ignore")
  fit <- suppressWarnings(lmer(f, d, control = control))
  v <- as.data.frame(VarCorr(fit))
  results <- rbind(results, data.frame(model = m[[1]], quantity = c("REML criterion", v$grp), value = digits(c(REMLcrit(fit), v$vcov))))
  formulas <- rbind(formulas, data.frame(model = m[[1]], package = m[[2]], fixed = m[[3]], random = m[[4]]))
  used <- intersect(names(d), all.vars(f))
  for (x in used) if (is.factor(d[[x]])) levels_of <- rbind(levels_of, data.frame(model = m[[1]], column = x, level = levels(d[[x]])))
  out <- d[used]
  out[] <- lapply(out, function(x) if (is.numeric(x)) digits(x) else as.character(x))
  write.csv(out, file.path(folder, paste0(m[[1]], ".csv")), row.names = FALSE)
}
write.csv(results, file.path(folder, "lme4.csv"), row.names = FALSE)
write.csv(formulas, file.path(folder, "models.csv"), row.names = FALSE)
write.csv(levels_of, file.path(folder, "levels.csv"), row.names = FALSE)
