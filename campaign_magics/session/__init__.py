"""The session: what ``connect()`` returns and users hold."""

from .connect import open_session
from .limits import PROFILE_LIMIT
from .session import Session
from .status import Status

__all__ = ["PROFILE_LIMIT", "Session", "Status", "open_session"]
