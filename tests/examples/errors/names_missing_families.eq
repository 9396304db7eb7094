# heights has numbers, and heigts none: a family is told once
heights[i] = i for i in 1..4
L = sum((heigts[i+1] - x[i])^2 for i in 1..3) + sum(w[i,j]*y[j]*heights[i] for i in 1..2, j in i..9)
