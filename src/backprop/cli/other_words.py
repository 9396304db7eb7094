"""What other tools call the commands and the options."""

OPTIONS = {
    "--lr": "alpha eta learning-rate learningrate rate step-size stepsize",
    "--steps": "epochs iter iters iterations max-iter max-iterations max-steps maxiter n num-steps",
    "--optimizer": "algorithm method optim optimiser solver",
    "--until-grad": "epsilon gtol tol tolerance",
    "--until-change": "ftol",
    "--freeze": "const constant fix fixed hold",
    "--wrt": "by d respect respect-to var variable variables vars w with",
    "--only": "move params parameters train var variable variables vars vary",
    "--bounds": "bound box constraints limits range",
    "--maximize": "ascend ascent max maximise",
    "--trace": "log v verbose",
    "--verbose": "debug v",
    "--order": "degree n nth",
    "--set": "at guess init initial input inputs let p0 param point s start subs val value var vars where "
    "with x0",
    "--values": "data json-values params-file",
    "--of": "f function loss objective out-name target-name y",
    "-e": "c code eq eqs equation equations expression formula text",
    "--output": "file-out out output-file save-as",
    "--format": "fmt output-format",
    "--digits": "decimals prec precision",
    "--seed": "random-seed random-state rng",
    "--plot": "graph chart",
}
"""Options as other tools call them, by the option here, without their dashes. A word that stands for
several is the first of these that the command has, and that its value may be of."""

COMMANDS = {
    "grad": "autodiff backward derivative derivatives differentiate eval evaluate gradient gradients run",
    "jacobian": "jac jacobi vjp",
    "hessian": "curvature eig eigenvalues hess second stiffness",
    "descend": "descent min minimise minimize optimise optimize solve train",
    "fit": "curve-fit curve_fit fitting least-squares leastsq lm lmfit lsq nls regress regression",
    "draw": "dot graph picture plot show",
    "page": "html interactive lesson slider sliders web webpage",
    "explain": "steps why",
    "check": "gradcheck test verify",
    "example": "demo examples gallery init",
    "help": "doc docs man",
}
"""Commands as other tools call them."""

OF_FORMULAS = "d derivative derivatives derive differentiate symbolic"
"""What other tools call the command that derives an expression: `derivative "x^2"` is diff."""

WITH_OPTIONS = {
    "descend --maximize": "ascend ascent climb max maximise maximize",
    'jacobian --along "x=1" --order 5': "series taylor",
    'jacobian --along "x=1"': "jvp",
    'hessian --times "x=1"': "hvp",
    "diff --format latex": "latex tex",
    "--version": "version",
}
"""What is a command elsewhere, and options of one here."""
