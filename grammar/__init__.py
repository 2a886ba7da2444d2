"""The grammar of formulas and scripts, in four files that are read as one: what a token is, what an expression is, and the two texts it makes."""
