# --format latex
alpha = 2; x_1 = 1e-3; x' = 3
L = -(alpha + x_1)^2/sqrt(2*x') - if(alpha > 0 and not x', exp(alpha)^2, abs(-alpha))*min(1, 2, 3)
rate_of_x = L*(L/2)^3 - (L - 1)
