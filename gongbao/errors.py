"""Errors that the user can mend."""


class GongbaoError(Exception):
    """One line saying what is wrong, where, and what to do; commands print it and exit, they show no traceback."""


class BusyError(GongbaoError):
    """Another run is at work there: what fails now need not fail later."""


def not_installed(packages: str, extra: str = "fast") -> GongbaoError:
    """The error of packages that come with an extra of this one."""
    return GongbaoError(f"{packages} is not installed: pip install 'gongbao[{extra}]'")


def not_imported(package: str, error: ImportError) -> GongbaoError:
    """The error of an engine's package that is installed and broken."""
    return GongbaoError(f"{package} cannot be imported ({' '.join(str(error).split())}); --engine torch does without")
