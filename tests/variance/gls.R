# REML log-likelihoods of nlme::gls on plants.csv and places.csv, written to gls.csv:  Rscript gls.R
suppressMessages(library(nlme))
plants <- read.csv("plants.csv", stringsAsFactors = TRUE)
plants$Plant <- factor(plants$plant)
plants$Time <- factor(plants$time)
plants$step <- as.integer(plants$Time)
places <- read.csv("places.csv", stringsAsFactors = TRUE)
by_time <- varIdent(form = ~ 1 | Time)
steps <- ~ step | Plant
apart <- ~ time | Plant
plane <- ~ x + y
control <- glsControl(maxIter = 500, msMaxIter = 2000, tolerance = 1e-12, msTol = 1e-14, opt = "nlminb")
along <- function(...) gls(y ~ trt * Time, data = plants, control = control, ...)
across <- function(...) gls(z ~ trt, data = places, control = control, ...)
fits <- list(
  "idh(Time)" = along(weights = by_time),
  "corv(Time)" = along(correlation = corCompSymm(form = steps)),
  "corh(Time)" = along(correlation = corCompSymm(form = steps), weights = by_time),
  "ar1v(Time)" = along(correlation = corAR1(form = steps)),
  "ar1h(Time)" = along(correlation = corAR1(form = steps), weights = by_time),
  "ar2v(Time)" = along(correlation = corARMA(form = steps, p = 2)),
  "ar3v(Time)" = along(correlation = corARMA(form = steps, p = 3)),
  "ma1v(Time)" = along(correlation = corARMA(form = steps, q = 1)),
  "ma2v(Time)" = along(correlation = corARMA(form = steps, q = 2)),
  "armav(Time)" = along(correlation = corARMA(form = steps, p = 1, q = 1)),
  "corgv(Time)" = along(correlation = corSymm(form = steps)),
  "corgh(Time)" = along(correlation = corSymm(form = steps), weights = by_time),
  "expv(Time)" = along(correlation = corExp(form = apart)),
  "exph(Time)" = along(correlation = corExp(form = apart), weights = by_time),
  "gauv(Time)" = along(correlation = corGaus(form = apart)),
  "lvrv(Time)" = along(correlation = corLin(2.5, form = apart)),
  "ieuc(x, y)" = across(correlation = corExp(form = plane)),
  "iexp(x, y)" = across(correlation = corExp(form = plane, metric = "manhattan")),
  "igau(x, y)" = across(correlation = corGaus(form = plane)),
  "sph(x, y)" = across(correlation = corSpher(6.5, form = plane))
)
value <- sapply(fits, function(fit) sprintf("%.9f", as.numeric(logLik(fit))))
write.csv(data.frame(model = names(fits), loglik = value), "gls.csv", row.names = FALSE, quote = TRUE)
