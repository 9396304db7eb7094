"""What stands for matrix algebra, which the language has none of: equations with indices.

There are no matrices as values: each entry is a number with a name, and a product of matrices is an
equation that says which entries are multiplied, and over what the sum runs.
"""

from collections.abc import Mapping
from types import MappingProxyType


def matrix_product(matrix: str = "A") -> str:
    """The hint that says how a product of a matrix and a vector is written."""
    formula = f"y[i] = sum({matrix}[i,k]*x[k] for k in 1..n) for i in 1..m"
    return f"a product of matrices is an equation with indices: {formula}"


_TRANSPOSED = "a transposed matrix is the other order of the indices: A[j,i] instead of A[i,j]"
_SOLVED = (
    "there are no matrices as values, so no solution of a system: write its equations one by one"
)

OF_MATRICES: Mapping[str, str] = MappingProxyType(
    dict.fromkeys("matmul matvec einsum mmult".split(), matrix_product())
    | dict.fromkeys("transpose transp".split(), _TRANSPOSED)
    | dict.fromkeys("trace tr".split(), "a trace is a sum: sum(A[i,i] for i in 1..n)")
    | dict.fromkeys("inv inverse solve det determinant lstsq pinv eig eigvals svd cholesky".split(), _SOLVED)
    | dict.fromkeys("outer kron".split(), "an outer product: A[i,j] = a[i]*b[j] for i in 1..m, j in 1..n")
    | dict.fromkeys("eye identity".split(), "an identity: A[i,j] = if(i = j, 1, 0) for i in 1..n, j in 1..n")
)  # fmt: skip
"""By the names that other programs give to functions of matrices, in small letters: what is written
here."""
