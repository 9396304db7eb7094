"""A hundred formulas of physics as textbooks have them, each with the variable to derive by."""

FORMULAS: tuple[tuple[str, str], ...] = tuple(
    (text.strip(), by.strip())
    for text, _, by in (
        line.rpartition("|")
        for line in """
        v0*t + a*t^2/2 | t
        m*v^2/2 | v
        m*g*h + m*v^2/2 | v
        G*m1*m2/r^2 | r
        -G*m1*m2/r | r
        sqrt(2*g*h) | h
        2*pi*sqrt(l/g) | l
        2*pi*sqrt(l/g) | g
        2*pi*sqrt(m/k) | k
        A*cos(w*t + p) | t
        A*exp(-b*t)*cos(w*t) | t
        A*exp(-t/tau) | tau
        v^2*sin(2*th)/g | th
        x*tan(th) - g*x^2/(2*v^2*cos(th)^2) | x
        m*c^2/sqrt(1 - v^2/c^2) | v
        1/sqrt(1 - v^2/c^2) | v
        m*v/sqrt(1 - v^2/c^2) | v
        L0*sqrt(1 - v^2/c^2) | v
        (u + v)/(1 + u*v/c^2) | u
        f0*sqrt((1 + b)/(1 - b)) | b
        f0*c/(c - v) | v
        f0*(c + u)/(c - v) | v
        sqrt(p^2*c^2 + m^2*c^4) | p
        q1*q2/(4*pi*e0*r^2) | r
        q/(4*pi*e0*r) | r
        q*d/(4*pi*e0*r^3) | r
        Q*z/(4*pi*e0*(z^2 + R^2)^1.5) | z
        mu*I*R^2/(2*(R^2 + z^2)^1.5) | z
        mu*I/(2*pi*r) | r
        R1*R2/(R1 + R2) | R1
        1/(1/R1 + 1/R2 + 1/R3) | R1
        U^2*R/(R + r)^2 | R
        U*(1 - exp(-t/(R*C))) | t
        U*exp(-t/(R*C)) | C
        sqrt(R^2 + (w*L - 1/(w*C))^2) | w
        1/sqrt(L*C) | L
        U/sqrt(R^2 + (w*L)^2) | w
        C*U^2/2 | U
        1/(2*pi*sqrt(L*C)) | C
        atan((w*L - 1/(w*C))/R) | w
        n*R*T/V | V
        n*R*T/(V - n*b) - a*n^2/V^2 | V
        p0*exp(-m*g*h/(k*T)) | h
        p0*exp(-m*g*h/(k*T)) | T
        (m/(2*pi*k*T))^1.5*exp(-m*v^2/(2*k*T)) | v
        v^2*exp(-m*v^2/(2*k*T)) | v
        sqrt(3*k*T/m) | T
        sigma*eps*A*T^4 | T
        2*h*f^3/(c^2*(exp(h*f/(k*T)) - 1)) | f
        2*h*f^3/(c^2*(exp(h*f/(k*T)) - 1)) | T
        1/(exp((E - mu)/(k*T)) + 1) | E
        1/(exp((E - mu)/(k*T)) - 1) | E
        -k*T*log(1 + exp(-E/(k*T))) | T
        E/(exp(E/(k*T)) - 1) | T
        1 - Tc/Th | Th
        k*log(W) | W
        A*exp(-Ea/(R*T)) | T
        k*A*(T1 - T2)/d | d
        Ts + (T0 - Ts)*exp(-k*t) | t
        n*c*log(T2/T1) + n*R*log(V2/V1) | T2
        4*eps*((s/r)^12 - (s/r)^6) | r
        De*(1 - exp(-a*(r - r0)))^2 | r
        A*exp(-B*r) - C/r^6 | r
        k*(x^2 - a^2)^2/4 | x
        -V0/(1 + exp((r - R)/a)) | r
        V0*(1 - x^2/a^2) | x
        g2*exp(-m*r)/r | r
        l^2/(2*m*r^2) - k/r | r
        l*(l + 1)*hb^2/(2*m*r^2) | r
        -m*e4/(2*hb^2*n^2) | n
        Z^2*R*(1/n1^2 - 1/n2^2) | n1
        N0*exp(-lam*t) | t
        N0*lam*(exp(-lam*t) - exp(-mu*t))/(mu - lam) | t
        h/sqrt(2*m*E) | E
        lam0 + h*(1 - cos(th))/(m*c) | th
        E/(1 + E*(1 - cos(th))/m) | E
        1/(1/f - 1/g) | g
        f*g/(g - f) | g
        asin(n1*sin(a)/n2) | a
        ((n1 - n2)/(n1 + n2))^2 | n2
        I0*(sin(b)/b)^2 | b
        I0*cos(th)^2 | th
        I0/(1 + F*sin(d/2)^2) | d
        w0*sqrt(1 + (z/zR)^2) | z
        z*(1 + (zR/z)^2) | z
        F0/(m*sqrt((w0^2 - w^2)^2 + 4*b^2*w^2)) | w
        a*g2/((w - w0)^2 + g2^2) | w
        exp(-(x - m)^2/(2*s^2))/(s*sqrt(2*pi)) | x
        exp(-(x - m)^2/(2*s^2))/(s*sqrt(2*pi)) | s
        6*pi*eta*r*v | r
        pi*r^4*dp/(8*eta*l) | r
        2*r^2*(d1 - d2)*g/(9*eta) | r
        rho*v^2/2 + rho*g*h + p | v
        vt*tanh(g*t/vt) | t
        sqrt(g*l/(2*pi)*tanh(2*pi*d/l)) | d
        sqrt(g/k + s*k/rho) | k
        a*cosh(x/a) | x
        vmax*S/(K + S) | S
        vmax*S^n/(K^n + S^n) | S
        K/(1 + (K/N0 - 1)*exp(-r*t)) | t
        """.strip().splitlines()
    )
)
