# Names and dimensions kept, recycling, NA, integer division, comparison of unlike types.
x <- c(a=1,b=2); y <- c(c=3,d=4); x+y; x+1; 1+x; x*c(1,2); x==y; !x; -x
c(1,2,3) + c(1,2,3,4,5,6); 1:3 == c(1,5,3); "1" == 1; TRUE == "TRUE"
c(TRUE,NA) & c(FALSE,NA); c(TRUE,NA) | c(NA,TRUE); NA & FALSE; any(c(NA,TRUE)); all(c(NA,TRUE)); any(c(FALSE,NA)); NA > 1
7 %/% 2; -7 %/% 2; 7 %% -3; 5.5 %% 2; 1/0; -1/0; 2^10; 2L^2L; 7L %/% 2L; 5L*2L; 1L:3L/2L; -5 %/% 3; -5 %% 3
!TRUE & FALSE; -2^2; (-2)^2; -1:3; 2*1:3; 1:3^2; 5 %% 3 * 2; 1 - 2 - 3; 2^3^2; !c(TRUE,FALSE) | TRUE; 10 / 4 %/% 2; 6 / 2 * 3
sqrt(c(a=4,b=9)); exp(1); log(100,10); log10(1000); log2(8); log1p(0); abs(-3:3); round(-2.5); round(0.15,1); round(2.567,2); signif(0.00012345,3); floor(-1.5); ceiling(1.2); round(123.456,-1)
max(3,7,1); min(c(4,2)); range(c(5,1,9)); prod(1:5); cumsum(1:5); diff(c(1,4,9,16)); diff(c(a=1,b=3)); mean(c(TRUE,FALSE)); var(c(1,2,4)); sd(c(1,2,4)); max(-Inf, NA, na.rm=TRUE); sum(NULL); prod(NULL)
sum(c(TRUE,TRUE,FALSE)); sum(1:10); sum(c(1.5,2)); mean(c(1,NA)); mean(c(1,NA), na.rm=TRUE); max(c(1,NA)); sum(is.na(c(1,NA,3)))
quantile(c(1,2,3,4), 0.25); quantile(c(1,5,2,8)); quantile(1:10, c(.1,.9)); median(c(5,3,1,2)); cor(1:5, c(2,4,6,8,11)); scale(c(3,1,2))[,1]
pnorm(1.96); qnorm(0.975); pt(2,10); pf(3,2,10,lower.tail=FALSE); qchisq(.95,1); pchisq(c(1,2),1); dnorm(0); pchisq(3.84, 1, lower.tail=FALSE); qt(.975, 10)
5 %in% c(1,5); c("b","z") %in% c("a","b"); match(c("b","z"),c("a","b")); setdiff(1:5,2:3); union(1:2,2:3); intersect(1:5,3:8); xor(TRUE,FALSE)
"a" + 1
1e-15; 123456.123456; c(1e10,1); c(0.00001,1000); 1e5+0.1; c(1.5,NA,-3); 22/7; 1e5; 1234567.8; c(1e-8,1e8); 1:30; c(TRUE,NA); c("a",NA); "a\"b"; 2^31; 1e15; exp(10); exp(-10); exp(100)
