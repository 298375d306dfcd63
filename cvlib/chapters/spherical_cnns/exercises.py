"""Exercises of chapter 01; `checks` judges them, `solutions` has one answer to each."""

from cvlib.chapters.spherical_cnns import checks, solutions
from cvlib.course.page.exercises import Exercise

EXERCISES = {
    exercise.id: exercise
    for exercise in (
        Exercise(
            "01.1", "Quadrature on the sphere", 20, 2, checks.check_weights,
            ("You have 2b unknown weights. How many polynomials in cos(beta) of degree below 2b "
             "are there, and what is the integral of each over sin(beta) d beta?",
             "Write one linear equation for each Legendre polynomial of degree 0 to 2b - 1: only "
             "that of degree 0 has an integral, which is 2. np.linalg.solve does the rest."),
            solutions.weights,
        ),
        Exercise(
            "01.2", "Turn a signal in its spectrum", 20, 2, checks.check_turn,
            ("In degree l, the pair (m, -m) holds the amplitudes of cos(m alpha) and "
             "sin(m alpha). What becomes of them when alpha is replaced by alpha - angle?",
             "cos(m alpha - m angle) = cos(m angle) cos(m alpha) + sin(m angle) sin(m alpha): a "
             "plane rotation of the pair by m times the angle. Degree l starts at index l * l."),
            solutions.turn,
        ),
        Exercise(
            "01.3", "The theorem with several channels", 20, 2, checks.check_correlate,
            ("The integral (1) adds up the channels, and so does the spectrum. Only coefficients "
             "of the same degree meet.",
             "A sum of outer products over the channels is one matrix product, f[:, d].T @ "
             "psi[:, d] for the slice d of a degree. The constant makes up for the three factors "
             "sqrt(2l+1) of the bases: one of them too many."),
            solutions.correlate,
        ),
        Exercise(
            "01.4", "An invariant pooling", 15, 2, checks.check_integrate,
            ("Near the poles the grid points crowd together. How much of the group does a row of "
             "constant beta stand for?",
             "Average over alpha and gamma; weight the rows with exercise 01.1's numbers, which "
             "sum to 2."),
            solutions.integrate,
        ),
        Exercise(
            "01.5", "Whose 58,550 parameters?", 15, 2, checks.check_gammas,
            ("A filter on the sphere has 8 * 3 points, a filter on SO(3) 8 * 3 times the number "
             "of angles gamma. The layers are 1 to 20 and 20 to 40 channels, then 40 to 10.",
             "Weights per layer: inputs times outputs times points; then one bias per output, in "
             "all three layers. Solve for the number of angles gamma."),
            solutions.gammas,
        ),
        Exercise(
            "01.6", "How fine must another grid be?", 10, 2, checks.check_bandwidth,
            ('relu_error(b, 5, "gauss") measures the error of three ReLU layers with 5 degrees on '
             "Gauss-Legendre grids of bandwidth b.",
             "The error falls at every step: try 5, 6, 7, ... and stop at the first below 3 %."),
            solutions.BANDWIDTH,
        ),
    )
}  # fmt: skip
