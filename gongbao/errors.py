"""Errors that the user can mend."""


class GongbaoError(Exception):
    """One line saying what is wrong, where, and what to do; commands print it and exit, they show no traceback."""
