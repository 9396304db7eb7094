# A recurrent network: long short-term memory
# Layers of cells with a state h and a memory c read a text, whose characters are bits,
# and say of each bit of the next character how likely it is. The weights are diagonal,
# as in the problem LSTM of ADBench and GradBench, with 2 layers, n = 1024 and 14 bits.
#
# Try:  backprop grad lstm.eq
# then: backprop descend lstm.eq --steps 20
#
# What comes out: loss = 1.049276, and after 20 steps 0.860930.

forget[r,t,i] = sigmoid(h[r-1,t,i]*wf[r,i] + bf[r,i]) for
    r in 1..layers, t in 1..n-1, i in 1..bits
ingate[r,t,i] = sigmoid(h[r,t-1,i]*wi[r,i] + bi[r,i]) for
    r in 1..layers, t in 1..n-1, i in 1..bits
outgate[r,t,i] = sigmoid(h[r-1,t,i]*wo[r,i] + bo[r,i]) for
    r in 1..layers, t in 1..n-1, i in 1..bits
change[r,t,i] = tanh(h[r,t-1,i]*wc[r,i] + bc[r,i]) for
    r in 1..layers, t in 1..n-1, i in 1..bits
c[r,t,i] = c[r,t-1,i]*forget[r,t,i] + ingate[r,t,i]*change[r,t,i] for
    r in 1..layers, t in 1..n-1, i in 1..bits
h[r,t,i] = outgate[r,t,i]*tanh(c[r,t,i]) for
    r in 1..layers, t in 1..n-1, i in 1..bits
h[0,t,i] = x[t,i]*win[i] for t in 1..n-1, i in 1..bits

y[t,i] = h[layers,t,i]*wout[i] + bout[i] for t in 1..n-1, i in 1..bits
total[t] = log(2 + sum(exp(y[t,i]) for i in 1..bits)) for t in 1..n-1
loss = -mean(x[t+1,i]*(y[t,i] - total[t]) for t in 1..n-1, i in 1..bits)
minimize loss

wf[r,i] ~ uniform(0, 1) for r in 1..layers, i in 1..bits
wi[r,i] ~ uniform(0, 1) for r in 1..layers, i in 1..bits
wo[r,i] ~ uniform(0, 1) for r in 1..layers, i in 1..bits
wc[r,i] ~ uniform(0, 1) for r in 1..layers, i in 1..bits
bf[r,i] ~ uniform(0, 1) for r in 1..layers, i in 1..bits
bi[r,i] ~ uniform(0, 1) for r in 1..layers, i in 1..bits
bo[r,i] ~ uniform(0, 1) for r in 1..layers, i in 1..bits
bc[r,i] ~ uniform(0, 1) for r in 1..layers, i in 1..bits
win[i] ~ uniform(0, 1) for i in 1..bits
wout[i] ~ uniform(0, 1) for i in 1..bits
bout[i] ~ uniform(0, 1) for i in 1..bits

const layers = 2; const n = 8; const bits = 6
const h[1..,0,*], c[*,0,*], x
h[r,0,i] ~ uniform(0, 1) for r in 1..layers, i in 1..bits
c[r,0,i] ~ uniform(0, 1) for r in 1..layers, i in 1..bits
# the bits of a character between 32 and 126
x[t,i] = mod(floor((32 + mod(7*t*t + 13*t, 95))/2^(i - 1)), 2) for
    t in 1..n, i in 1..bits
