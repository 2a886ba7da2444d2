# Making, indexing, ordering and replacing.
x <- c(b=1,a=2); x["a"]; x[["a"]]; x[c(TRUE,FALSE)]; x[c(-1)]; x[3]; x[0]; x["zz"]; names(x)[2]; names(x)[2] <- "z"; x; x["new"] <- 9; x; x[["b"]] <- 5; x
x <- 1:5; x[2] <- 10L; x; x[8] <- 1L; x; x[x>5] <- 0L; x; names(x) <- letters[1:8]; x[c("a","h")]
x <- c(5,3,9); order(x); sort(x, decreasing=TRUE); which.max(x); which.min(x); which(x>4); x[order(x)]; head(x,2); tail(x,2); head(x,-1); which(c(a=TRUE,b=FALSE)); rev(c(a=1,b=2))
sort(c("b","A","a","B")); order(c("b","a",NA)); sort(c(2,NA,1)); unique(c(1,2,1,3)); duplicated(c(1,2,1)); rep(1:2,each=2); rep(c("a","b"),c(2,1)); 5:1; numeric(3); character(2)
seq(1,10,length.out=4); seq_len(4); seq(5); seq(0,1,0.25); seq(0, 65.9, length=5); seq(2, 10, by=2); seq_along(c("u","v"))
x <- list(a=1,b=list(c=2,d="q")); x$b$c; x[["b"]][["d"]]; names(x); x["a"]; x$zz; x$e <- 5; names(x); x$a <- NULL; length(x); x$b$c <- 7; x$b; list(1,"a")
a <- list(coefficients=1); a$coef; a$new <- "n"; a; unlist(list(a=1,b=list(c=2,d=3))); c(list(1), 2)
factor(c("lo","hi","lo"),levels=c("lo","hi")); as.numeric(factor(c("10","20"))); as.numeric(as.character(factor(c("10","20")))); nlevels(factor(1:3)); droplevels(factor(c("a","b"))[1]); factor(3:1)
x <- factor(c("a","b","a","c")); levels(x)[2] <- "B"; x; x == "a"; x[x != "a"]; as.integer(x); factor(x, levels=c("c","B","a")); paste(x); ifelse(x=="a",1,0); as.vector(x); as.vector(table(x)[c("a","zz")])
identical(c(1,2),c(1,2)); is.numeric(1L); class(1L); class("a"); class(matrix(1)); class(data.frame()); class(y~x); class(NULL); class(list()); inherits(1,"numeric"); is.null(NULL); length(NULL)
ifelse(c(1,NA,3)>2,"y","n"); as.integer("7"); as.logical(c("TRUE","x")); as.character(c(1,2.5,1e5)); as.character(TRUE); unname(c(a=1)); attr(c(a=1), "names"); setNames(1:2, c("u","v"))
c(1,2)[[5]]
undefined_name
sort(c(2,NA,1), na.last=TRUE); order(c(2,NA,1), na.last=FALSE); order(c(2,NA,1), na.last=NA); unlist(list(a=1,b=2), use.names=FALSE); as.vector(c(a=1), mode="character"); l <- list(abc=1); l[["ab", exact=FALSE]]; character(0); c(a=1)[0]
