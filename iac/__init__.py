"""The warehouse and what belongs to it, on AWS or on the local AWS: the environment decides which."""

from iac.faults import IacError
from iac.files import Uploaded, upload
from iac.inventory import deprovision, status
from iac.plan import Plan, load
from iac.provisioning import Warehouse, pause, provision, resume

__all__ = [
    "IacError",
    "Plan",
    "Uploaded",
    "Warehouse",
    "deprovision",
    "load",
    "pause",
    "provision",
    "resume",
    "status",
    "upload",
]
