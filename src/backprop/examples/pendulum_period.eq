# A pendulum's period, and what changes it
# A small swing takes 2*pi*sqrt(length/gravity); a wide one takes longer, as Gauss knew,
# by 1 over the arithmetic-geometric mean of 1 and cos(angle/2). Five rounds are plenty.
#
# Try:  backprop grad pendulum_period.eq --wrt "length, gravity, angle"
#
# What comes out: 2.152875 s, with the slopes 1.076437 by the length, -0.109729 by the
# gravity and 0.299578 by the angle: a millimetre more makes it 0.001076 s longer.

const a[0] = 1
g[0] = cos(angle/2)
a[i] = (a[i-1] + g[i-1])/2 for i in 1..5
g[i] = sqrt(a[i-1]*g[i-1]) for i in 1..4
period = 2*pi*sqrt(length/gravity)/a[5]
output period

length = 1 in 0.1..10; angle = pi/3 in 0..3    # metres, radians
const gravity = 9.81                            # m/s^2
