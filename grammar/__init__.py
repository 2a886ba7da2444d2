"""The grammar of formulas and scripts, four files read as one: tokens, expressions, and the two kinds of text."""
