from joblib import Parallel, delayed


def score(value):
    return sum(int(digit) ** 2 for digit in str(value))


def run(values, options):
    """Scores all values; `options` tune how the work is spread."""
    return Parallel(n_jobs=2, **options)(delayed(score)(value) for value in values)
