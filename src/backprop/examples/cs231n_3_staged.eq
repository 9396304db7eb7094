# Stanford's CS231n, 3: in stages, forks add up
# The "staged computation" of https://cs231n.github.io/optimization-2/, with
# its names: f = (x + sigmoid(y))/(sigmoid(x) + (x + y)^2), of no use but to
# practise. x and y are each used twice, and what comes back on both ways is
# added. The notes have no numbers; they are f = 1.545645,
# by x 2.059570, by y 1.592233.
#
# Try:  backprop grad cs231n_3_staged.eq
# and:  backprop explain cs231n_3_staged.eq --paths x

sigy = sigmoid(y)
num = x + sigy
sigx = sigmoid(x)
xpy = x + y
xpysqr = xpy^2
den = sigx + xpysqr
invden = 1/den
f = num*invden
output f

x = 3; y = -4
