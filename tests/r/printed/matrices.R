# Matrices and data frames: cells, rows, dropping, names, algebra.
m <- matrix(1:6, 2, dimnames=list(c("r1","r2"),c("A","B","C"))); m[2,]; m[,"B"]; m[m>2]; m["r1",c("A","C")]; m[1,2]; m*2; m+m; m == 3; -m; sum(m); m[3]; m[-1]; m[1,,drop=FALSE]; t(m) %*% m; dim(m)
m <- matrix(0,2,2); m[1,2] <- 5; m; m[m==0] <- NA; m; rownames(m) <- c("a","b"); m; m["a",]; cbind(m, 1:2); rbind(m, c=3:4); diag(m); m[is.na(m)] <- 0; max(m); which(m == 5); t(m)
s <- matrix(c(4,2,2,3),2); chol(s); diag(chol(s)); solve(s); solve(s, c(1,2)); det(s); sum(log(diag(chol(s)))); diag(2); diag(c(1,2)); crossprod(s); s[upper.tri(s)]; lower.tri(s); outer(c(a=1,b=2),c(x=1,y=2)); outer(1:2,1:3,"-"); apply(s,1,sum); rowSums(s); colMeans(s); s %*% c(1,1)
cbind(1:2,c(3,4)); rbind(a=1:2,b=3:4); cbind(x=1:2,y=c("a","b")); rbind(data.frame(a=1,b="x"),data.frame(a=2,b="y")); cbind(data.frame(a=1:2),b=3:4)
d <- data.frame(a=c(1,2,3),b=c("x","y","z"),stringsAsFactors=TRUE); d; d$b; levels(d$b); d[2,]; d[,1]; d["a"]; d[d$a>1,"b"]; d[["a"]][2]; ncol(d); dim(d); d$c <- d$a*2; d; colnames(d); d[order(-d$a),]; rownames(d)
d <- data.frame(a=1:3); d[1:2,]; d[1:2,,drop=FALSE]; d[-1,,drop=FALSE]; rownames(d) <- c("p","q","r"); d; d["q","a"]; d[c("r","p"),]; d*2; t(d); as.matrix(d)
d <- data.frame(x=c(1.5,22.25,3),y=c(NA,1,2)); d[!is.na(d$y),]; d[d$x>2 & !is.na(d$y),]; colnames(d)[2] <- "why"; d; with(d, x+1); subset(d, x > 2); subset(d, x>2, select=x); nrow(d[d$x>100,])
d <- data.frame(a=1:3,b=c(2.5,3.5,NA)); d$a[d$b > 3] <- 0L; d[d$a == 0 & !is.na(d$b), "b"] <- 1; d; names(d)[1] <- "A"; d[["A"]] <- c(9,8,7); d; colnames(d) <- c("p","q"); d[nrow(d):1, ]; d[c(1,1),]; d[d$p > 7.5, c("q","p")]; d[, sapply(d, is.numeric)]
d <- data.frame(g=c("a","b","a"),v=1:3); tapply(d$v,d$g,sum); split(d$v,d$g); d$v[d$g=="b"] <- 20L; d; d[2,"v"] <- 5L; d[d$g=="a","v"] <- c(7L,8L); d; d$g <- NULL; d
merge(data.frame(k=1:2,a=3:4),data.frame(k=2:3,b=5:6)); expand.grid(a=1:2,b=c("x","y")); data.frame(x=1:2,y=3); data.frame(v=c(0.1,22.25,1000),w=c(1e-8,1,2))
p <- data.frame(A=factor(c("a","b","a","b")),B=factor(c("x","x","y","y")),z=1:4); model.matrix(~A+B,p)[,]; colnames(model.matrix(~A*B,p)); colnames(model.matrix(~A-1,p)); colnames(model.matrix(~A+z,p))
matrix(1:4,2)[3,1]
data.frame(a=1)[,"b"]
data.frame(`a b`=1); data.frame(`a b`=1, check.names=FALSE); eigen(matrix(c(2,1,1,2),2))$values; as.data.frame(matrix(1:4,2)); cor(c(1,2,NA,4),c(2,4,1,9),use="complete.obs")
