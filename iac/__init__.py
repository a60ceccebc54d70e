"""The warehouse and what belongs to it, on AWS or on the local AWS: the environment decides which."""

from iac.faults import IacError
from iac.files import Uploaded, upload, upload_folder
from iac.inventory import confirmed_by, deprovision, status
from iac.plan import Plan, load
from iac.provisioning import (
    Warehouse,
    make_access,
    make_bucket,
    make_daily_pause,
    make_policies,
    make_role,
    make_warehouse,
    pause,
    provision,
    resume,
)
from iac.rules import check
from iac.tables import first_rows, query, repair, tables

__all__ = [
    "IacError",
    "Plan",
    "Uploaded",
    "Warehouse",
    "check",
    "confirmed_by",
    "deprovision",
    "first_rows",
    "load",
    "make_access",
    "make_bucket",
    "make_daily_pause",
    "make_policies",
    "make_role",
    "make_warehouse",
    "pause",
    "provision",
    "query",
    "repair",
    "resume",
    "status",
    "tables",
    "upload",
    "upload_folder",
]
