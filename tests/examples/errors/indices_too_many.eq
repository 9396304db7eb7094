# --max-nodes 1000
L = sum(a*i for i in 1..2000); a = 1
