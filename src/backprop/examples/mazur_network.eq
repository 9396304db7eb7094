# Mazur's network: a step of backpropagation by hand
# Two inputs, two hidden neurons, two outputs. Names and numbers are those of Matt
# Mazur's "A Step by Step Backpropagation Example" (2015), worked out by hand:
# https://mattmazur.com/2015/03/17/a-step-by-step-backpropagation-example/
# There, too, the biases stay as they are; here they are const, as the inputs are.
#
# Try:  backprop grad mazur_network.eq
# then: backprop descend mazur_network.eq --lr 0.5 --steps 1 --explain-step 1
# and:  backprop descend mazur_network.eq --lr 0.5 --steps 10000 --save trained.eq
#
# What comes out, as published: E_total = 0.298371109, its slope 0.082167041 by w5 and
# 0.000438568 by w1. After one step w1 to w8 are 0.149780716, 0.19956143, 0.24975114,
# 0.29950229, 0.35891648, 0.408666186, 0.511301270 and 0.561370121. That makes E_total
# 0.291027774; the page's 0.291027924 is that of a program which changed w5 to w8 before
# it computed the slopes by w1 to w4. After 10000 steps E_total is
# 0.0000351019, and again the page's last digits are those of that program.

net_h1 = w1*i1 + w2*i2 + b1
net_h2 = w3*i1 + w4*i2 + b1
out_h1 = sigmoid(net_h1)
out_h2 = sigmoid(net_h2)
net_o1 = w5*out_h1 + w6*out_h2 + b2
net_o2 = w7*out_h1 + w8*out_h2 + b2
out_o1 = sigmoid(net_o1)
out_o2 = sigmoid(net_o2)
E_o1 = 1/2*(target_o1 - out_o1)^2
E_o2 = 1/2*(target_o2 - out_o2)^2
E_total = E_o1 + E_o2
minimize E_total

w1 = 0.15; w2 = 0.20; w3 = 0.25; w4 = 0.30
w5 = 0.40; w6 = 0.45; w7 = 0.50; w8 = 0.55

const i1 = 0.05; const i2 = 0.10
const b1 = 0.35; const b2 = 0.60
const target_o1 = 0.01; const target_o2 = 0.99
