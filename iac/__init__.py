"""The warehouse's bucket, role, secret and cluster, on AWS or on the local AWS: the environment decides which."""

from iac.faults import IacError
from iac.files import Uploaded, upload
from iac.provisioning import Warehouse, deprovision, provision, status

__all__ = ["IacError", "Uploaded", "Warehouse", "deprovision", "provision", "status", "upload"]
