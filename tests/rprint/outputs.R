# What R prints for the inputs of test_numbers.py and test_printed.py. Run in this folder:  Rscript outputs.R
# It writes numbers.txt (seeded random columns through format, signif, zapsmall, format.pval and the formatting of the
# package lucid) and printed.txt (objects as the prompt shows them). Made with R 4.2.2; the locale must be UTF-8.
options(width = 80, digits = 7)
lucid <- function(x, dig) format(format(signif(zapsmall(x), dig), scientific = FALSE, drop0trailing = TRUE))
exact <- function(x) paste(ifelse(is.na(x), "NaN", sprintf("%.17g", x)), collapse = " ")

set.seed(20)
sink("numbers.txt")
for (i in 1:400) {
  n <- sample(1:6, 1)
  x <- switch(sample(6, 1),
    rnorm(n), rnorm(n) * 10^sample(-12:12, n, TRUE), round(rnorm(n) * 10^sample(0:6, n, TRUE), sample(0:5, 1)),
    c(NA, rexp(n)), signif(rnorm(n), sample(1:9, 1)) * 10^sample(-5:8, 1), c(0, Inf, -Inf, rnorm(n))[sample(n)])
  d <- sample(c(7, 7, 5, 4, 3, 1), 1)
  p <- pmin(1, rexp(n) * 10^sample(-20:0, n, TRUE))
  finite <- if (any(is.infinite(x))) 1 else x
  cat(d, exact(x), paste(format(x, digits = d), collapse = ";"), exact(signif(x, d)), exact(zapsmall(x, d)), exact(p),
      paste(format.pval(p, digits = d), collapse = ";"), exact(finite), paste(lucid(finite, d), collapse = ";"), sep = "|")
  cat("\n")
}
sink()

show <- function(id, x) { cat("## ", id, "\n", sep = ""); print(x) }
sink("printed.txt")
show("number", 134.86148)
show("long vector", (1:40)^2 / 7)
show("integers", 1:30)
show("logicals", c(TRUE, NA, FALSE))
show("strings", c("a", "bb", NA, "it's \"q\""))
show("names", c("(Intercept)" = 1, trt = 3, row = 4, col = 4))
show("wrapped names", setNames((1:20) / 3, paste0("parameter_", 1:20)))
show("named strings", c(rep = "B", "units!R" = "P"))
show("factor", factor(c("u", NA, "v")))
show("many levels", factor(paste0("genotype", 1:30)))
show("ordered", factor(c("lo", "hi"), levels = c("lo", "hi"), ordered = TRUE))
show("attribute", structure(134.86148, parameters = 1L))
show("matrix", matrix(c(1.5, 0.25, 20, 3), 2))
m <- matrix(c(50.02667, 0, -11.59152, 2.85, NA, 3.8782), 3, dimnames = list(c("(Intercept)", "s_24AL", "s_25AL"), c("solution", "std.error")))
show("named matrix", m)
show("string matrix", matrix(c("a", "bbb", "cc", NA), 2))
show("wide matrix", matrix(1:26 * 12345.678, 2, dimnames = list(c("a", "b"), paste0("column", 1:13))))
v <- data.frame(component = c(5.806474, 17.335959, 1.18e-5, 142.963533), std.error = c(10.86064, 32.80183, NA, 27.02516),
  z.ratio = c(0.5346348, 0.5285059, NA, 5.2900159), bound = c("P", "P", "B", NA), `%ch` = c(0.1, 0.1, NA, 0), check.names = FALSE,
  row.names = c("rep", "entry", "site.year:entry", "units!R"))
show("varcomp", v)
show("no names", data.frame(site = factor(c("a", "b", "a")), n = c(1L, NA, 3L), ok = c(TRUE, NA, FALSE), predicted.value = c(79.38889, 98.88889, 1e-12)))
show("empty", v[0, ])
w <- setNames(as.data.frame(matrix((1:28) * 1234.5678, 2)), paste0("variable.", 1:14))
show("wide frame", w)
an <- structure(data.frame(Df = c(1, 4, NA), `Sum of Sq` = c(14489.6123, 593.0441, 2.46046), `Wald statistic` = c(5889.1321, 241.0312, NA),
  `Pr(Chisq)` = c(0, 2.2e-17, NA), check.names = FALSE, row.names = c("(Intercept)", "trt", "residual (MS)")),
  heading = c("Wald tests for fixed effects.", "Response: y", "Terms added sequentially; adjusted for those above.\n"), class = c("anova", "data.frame"))
show("wald", an)
an$`Sum of Sq` <- c(65703.21, 1278.123, 142.9635); an$`Wald statistic` <- c(459.5804, 8.9402, NA); an$Df[2] <- 1; an$`Pr(Chisq)` <- c(0, 0.0027921, NA)
attr(an, "heading") <- NULL
show("wald two", an)
an$`Pr(Chisq)` <- c(0.31, 0.12, NA)
show("wald no stars", an)
l <- structure(data.frame(df = 1, `LR-statistic` = 5.326541, `Pr(Chisq)` = 0.010501, check.names = FALSE, row.names = "full/null"), class = c("anova", "data.frame"))
show("lrt", l)
l[1, ] <- c(1, 0.255991, 0.306437)
show("lrt weak", l)
show("anova f", structure(data.frame(Df = c(3L, 20L), `Sum Sq` = c(1234.5678, 0.00123), `F value` = c(12.345678, NA), `Pr(>F)` = c(0.00042, NA),
  check.names = FALSE, row.names = c("x", "Residuals")), class = c("anova", "data.frame")))
show("list", list(call = NULL, loglik = -364.88299, varcomp = v[1:2, 1:2], `a b` = list(x = 1, y = "z"), fixed = c(a = 1)))
cat("## lucid\n")
e <- v; e$z.ratio <- signif(e$z.ratio, 2); e[c(1, 2, 3, 5)] <- lapply(e[c(1, 2, 3, 5)], lucid, 4)
print(cbind(effect = factor(rownames(v)), e), row.names = FALSE)
sink()
