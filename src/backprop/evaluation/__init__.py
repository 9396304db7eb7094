"""A Model's numbers: value and gradient at a point, and what to say of steps without a finite value."""
