# Predator and prey: rates found from a trajectory
# The hares and lynxes of Lotka and Volterra, in 1000 steps of time. After every 100
# steps both were counted; the counts were made with a = 1.1, b = 0.4, c = 0.1, d = 0.4.
# The gradient goes back through all 1000 steps, and descent finds these four numbers.
#
# Try:  backprop descend predator_prey.eq
#
# What comes out: misfit falls from 1.9387 to below 1e-10, with a = 1.1, b = 0.4,
# c = 0.1 and d = 0.4 to six digits. The counts are rounded, so that it is not quite 0.

hare[t+1] = hare[t] + dt*(a - b*lynx[t])*hare[t] for t in 0..999
lynx[t+1] = lynx[t] + dt*(c*hare[t] - d)*lynx[t] for t in 0..999
misfit = mean((hare[100*k] - saw[k,1])^2 + (lynx[100*k] - saw[k,2])^2 for k in 1..10)
minimize misfit

const hare[0] = 10; const lynx[0] = 5; const dt = 0.02
# where the search starts; no rate is negative
a = 1 in 0..; b = 0.5 in 0..; c = 0.12 in 0..; d = 0.5 in 0..

const saw
saw[1,1] = 0.920583; saw[1,2] = 4.811599
saw[2,1] = 0.495955; saw[2,2] = 2.426169
saw[3,1] = 1.088234; saw[3,2] = 1.250235
saw[4,1] = 4.346306; saw[4,2] = 0.886366
saw[5,1] = 14.038145; saw[5,2] = 2.392273
saw[6,1] = 2.171349; saw[6,2] = 6.121461
saw[7,1] = 0.450395; saw[7,2] = 3.297310
saw[8,1] = 0.611927; saw[8,2] = 1.624113
saw[9,1] = 2.079048; saw[9,2] = 0.915145
saw[10,1] = 9.157257; saw[10,2] = 1.068872
