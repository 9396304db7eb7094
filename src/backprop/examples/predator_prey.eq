# Predator and prey: rates found from a trajectory
# The hares and lynxes of Lotka and Volterra, in 1000 steps of time. After every 100
# steps both were counted; the counts were made with a = 1.1, b = 0.4, c = 0.1, d = 0.4.
# The gradient goes back through all 1000 steps, and descent finds these four numbers.
#
# Try:  backprop descend predator_prey.eq --only "a, b, c, d" --optimizer lbfgs
#
# What comes out: misfit falls from 1.9387 to below 1e-10, with a = 1.1, b = 0.4,
# c = 0.1 and d = 0.4 to six digits. The counts are rounded, so that it is not quite 0.

hare[t+1] = hare[t] + dt*(a - b*lynx[t])*hare[t] for t in 0..999
lynx[t+1] = lynx[t] + dt*(c*hare[t] - d)*lynx[t] for t in 0..999
misfit = mean((hare[100*k] - seen[k,1])^2 + (lynx[100*k] - seen[k,2])^2 for k in 1..10)

hare[0] = 10; lynx[0] = 5; dt = 0.02
a = 1; b = 0.5; c = 0.12; d = 0.5    # where the search starts

seen[1,1] = 0.920583; seen[1,2] = 4.811599
seen[2,1] = 0.495955; seen[2,2] = 2.426169
seen[3,1] = 1.088234; seen[3,2] = 1.250235
seen[4,1] = 4.346306; seen[4,2] = 0.886366
seen[5,1] = 14.038145; seen[5,2] = 2.392273
seen[6,1] = 2.171349; seen[6,2] = 6.121461
seen[7,1] = 0.450395; seen[7,2] = 3.297310
seen[8,1] = 0.611927; seen[8,2] = 1.624113
seen[9,1] = 2.079048; seen[9,2] = 0.915145
seen[10,1] = 9.157257; seen[10,2] = 1.068872
