"""The course's errors: each is one sentence that says what is wrong and what to do."""


class CourseError(ValueError):
    """Bad input or a state that a reader can mend; the message is one clear sentence."""


class DataMissing(CourseError):
    """A data file is not here and could not be fetched."""


class Diverged(CourseError):
    """A loss became NaN or infinite; the last good checkpoint is kept."""


class OutOfBudget(CourseError):
    """The wall-clock budget ended; the state is saved and the run can be continued."""
