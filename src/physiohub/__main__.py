"""`python -m physiohub`: the command line, where the program itself is not on the path."""

from physiohub.cli import main

if __name__ == "__main__":
    main()
