a = sin 2x
b = ln x
c = sin(30°) + 10⁻¹¹
d = ⌊x⌋
e = tan^-1(x)
f = 1.000,5
g = 1.5d-3
h = np.exp(x) + x.sin()
