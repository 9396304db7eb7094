# diff --shape steps
a = 2 in 0..5; b = -3 ± 0.1; const c = 10; f = -2
e = a*b; d = e+c; L = d*f
