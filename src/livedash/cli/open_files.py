"""How many files and connections a process may have open."""

import resource

_MOST = 2**20  # more than one process serves, and where Linux ends by default
_LIMIT = resource.RLIMIT_NOFILE


def allow_open_files() -> int:
    """Take as many as the system lets us, which by default gives a process some hundred; how many these are."""
    soft, hard = resource.getrlimit(_LIMIT)
    most = min(hard, _MOST)
    while most > soft:
        try:
            resource.setrlimit(_LIMIT, (most, hard))
            return most
        except (ValueError, OSError):
            most //= 2  # macOS takes less than its hard limit says
    return soft
