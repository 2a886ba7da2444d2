# What R prints for the statements beside this file: Rscript make.R, in this folder. Made with R 4.2.2.
# Every line of a .R file is evaluated in an environment of its own; a line of output begins with "> " where a line starts.
for (file in list.files(pattern = "^[a-z]+[.]R$")) {
  if (file == "make.R") next
  lines <- readLines(file)
  lines <- lines[nzchar(lines) & !startsWith(lines, "#")]
  sink(sub("[.]R$", ".Rout", file))
  for (line in lines) {
    cat("> ", line, "\n", sep = "")
    env <- new.env(parent = globalenv())
    for (expression in parse(text = line, keep.source = FALSE)) {
      result <- tryCatch(suppressWarnings(withVisible(eval(expression, env))), error = function(e) e)
      if (inherits(result, "error")) cat("Error: ", conditionMessage(result), "\n", sep = "")
      else if (result$visible) if (inherits(result$value, "formula")) print(result$value, showEnv = FALSE) else print(result$value)
    }
  }
  sink()
}
