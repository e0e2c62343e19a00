"""The connection: logon, reading, any method; what a session is made of."""

from .connect import open_as
from .connection import Connection
from .dataset import Extract
from .estimate import Estimate
from .gather import Interrupted
from .limits import PROFILE_LIMIT, ProfileLimit
from .progress import Progress
from .result import Result
from .status import Status

__all__ = [
    "PROFILE_LIMIT",
    "Connection",
    "Estimate",
    "Extract",
    "Interrupted",
    "ProfileLimit",
    "Progress",
    "Result",
    "Status",
    "open_as",
]
