# --max-nodes 1000
L = sum(a*i for i in 1..1e12); a = 1
