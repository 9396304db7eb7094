y = (a + b)(a - b)
z = a b
