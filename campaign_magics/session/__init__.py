"""The session: what ``connect()`` returns and users hold."""

from .connect import open_session
from .dataset import Extract
from .estimate import Estimate
from .gather import Interrupted
from .limits import PROFILE_LIMIT, ProfileLimit
from .progress import Progress
from .result import Result
from .session import Session
from .status import Status

__all__ = [
    "PROFILE_LIMIT",
    "Estimate",
    "Extract",
    "Interrupted",
    "ProfileLimit",
    "Progress",
    "Result",
    "Session",
    "Status",
    "open_session",
]
