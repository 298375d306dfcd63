"""`python -m cvlib`: the command line."""

from cvlib.course.cli import main

if __name__ == "__main__":
    main()
