# How R prints calls: calls.txt, read by test_display.py. Run in this folder:  Rscript calls.R   (R 4.2.2)
calls <- c(
  'asreml(fixed = yield ~ Variety * Nitrogen, random = ~Blocks/Wplots, data = oats)',
  'asreml(fixed = yield ~ Treatment, random = ~Site, residual = ~dsum(~ar1(Row):ar1(Column) | Site), data = trial_data)',
  'asreml(fixed = Yield ~ Treatment, random = ~Block, residual = ~id(Column):ar1(Row), data = example6, trace = FALSE)',
  'pkg::asreml(fixed = Yield ~ SeedingRate, random = ~Block, residual = ~id(Plot), data = example4)',
  'asreml(fixed = yield ~ county, random = ~diag(county):block + diag(county):row + diag(county):col + us(county, init = c(1, 0.5, 2)):gen, residual = ~dsum(~ar1(row):ar1(col) | county), G.param = object$G.param, R.param = object$R.param, data = dat)',
  'asreml(fixed = weight ~ Diet, random = ~str(~Chick + Time:Chick, ~us(2):id(50)), G.param = object$G.param, data = ChickWeight, trace = TRUE, stepsize = 1e-04)',
  'asreml(fixed = log(y) ~ a + b + (a + b):c - 1 + I(x^2), random = ~at(Site, "PBU"):rep + at(Site, c("one", "two")):block:plot, na.action = na.method(x = "include"), subset = x > 3 & z == "k", data = subset(dat, year %in% c(2001, 2002, 2003)), maxit = 50)',
  'asreml(fixed = a_long_response_name ~ a_first_long_term + a_second_long_term + a_third_long_term + a_fourth_long_term + a_fifth, data = d)')
sink("calls.txt")
for (text in calls) { cat("## ", text, "\n", sep = ""); print(str2lang(text)) }
sink()
