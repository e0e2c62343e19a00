"""Business APIs: deliveries, workflows, subscriptions and jobs of an instance."""

from .deliveries import Deliveries
from .delivery import Delivery
from .enrolment import Enrolment
from .jobs import Job, Jobs
from .subscriptions import Subscriptions
from .waiting import Moment
from .workflows import Workflow, Workflows

__all__ = [
    "Deliveries",
    "Delivery",
    "Enrolment",
    "Job",
    "Jobs",
    "Moment",
    "Subscriptions",
    "Workflow",
    "Workflows",
]
