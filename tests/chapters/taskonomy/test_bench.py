from cvlib.chapters.taskonomy.bench import bench, random_problem


def test_the_quick_bench_has_its_three_tables():
    table = bench(quick=True)
    for part in ("rooms/s", "32 px", "programme", "random, 8 tasks", "read-outs of", "z-depth"):
        assert part in table
    assert "128 px" not in table


def test_random_programmes_are_solved():
    problem = random_problem(5, 3)
    assert problem.solve(2).objective == problem.brute_force(2).objective
