"""Commands for the operator of a stack, on AWS or on the local run: `python -m admin --help`."""


class CannotRunError(Exception):
    """A command cannot do what it was asked for; the message says what to do."""
