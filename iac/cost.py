"""The cost guard: what an hour costs, how long it has run, and an end to it each day."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING

from iac import role
from iac.account import Account, Say
from iac.faults import explained
from iac.plan import Plan

if TYPE_CHECKING:
    from mypy_boto3_redshift.type_defs import ClusterTypeDef
    from mypy_boto3_redshift_serverless.type_defs import WorkgroupTypeDef

_HOURS_A_MONTH = 730


def of_cluster(plan: Plan, found: ClusterTypeDef, now: datetime | None = None) -> str:
    """Price and hours of a cluster since it was created, as a line. Pauses are not known, and not deducted."""
    nodes = found.get("NumberOfNodes", plan.settings.number_of_nodes)
    hourly = plan.price_per_node_hour * nodes
    if found.get("ClusterStatus") == "paused":
        return f"cost: paused, storage alone is billed; {hourly:.2f} {plan.currency} an hour when it is resumed"
    hours = _hours(found.get("ClusterCreateTime"), now)
    return (
        f"cost: {hourly:.2f} {plan.currency} an hour ({nodes} x {found.get('NodeType')}), "
        f"{hours:.1f} hours since it was created: at most {hourly * hours:.2f} {plan.currency}; "
        f"{hourly * _HOURS_A_MONTH:.0f} in a month without a pause"
    )


def of_workgroup(plan: Plan, found: WorkgroupTypeDef, now: datetime | None = None) -> str:
    """Price of a workgroup while queries run, and the most that a day can cost, as a line."""
    capacity, price = found.get("baseCapacity", plan.base_capacity), plan.price_per_rpu_hour
    hours = _hours(found.get("creationDate"), now)
    most = f"at most {plan.usage_limit * price:.2f} a day" if plan.usage_limit else "without a limit"
    return (
        f"cost: {capacity * price:.2f} {plan.currency} an hour of queries ({capacity} RPU), {most}; "
        f"{hours:.1f} hours since it was created"
    )


def _hours(since: datetime | None, now: datetime | None) -> float:
    now = now or datetime.now(timezone.utc)
    return (now - since).total_seconds() / 3600 if since else 0.0


def ensure_daily_pause(account: Account, plan: Plan, account_id: str, say: Say) -> None:
    """Have AWS pause the cluster each day at HH:MM UTC, or no more if the plan says no time.

    https://docs.aws.amazon.com/redshift/latest/APIReference/API_CreateScheduledAction.html
    """
    if not plan.pause_daily_at:
        delete_daily_pause(account, plan, say)
        return
    name, (hour, minute) = _action(plan), plan.pause_daily_at.split(":")
    allowed = {
        "Effect": "Allow",
        "Action": "redshift:PauseCluster",
        "Resource": f"arn:aws:redshift:{plan.settings.region}:{account_id}:cluster:{plan.name}",
    }
    trust = role.trust_document("scheduler.redshift.amazonaws.com")
    arn = role.ensure(account.iam, name, trust, {"Version": "2012-10-17", "Statement": [allowed]}, say)
    schedule = f"cron({int(minute)} {int(hour)} * * ? *)"
    with explained(f"daily pause {name}"):
        try:
            found = account.redshift.describe_scheduled_actions(ScheduledActionName=name)["ScheduledActions"]
        except account.redshift.exceptions.ScheduledActionNotFoundFault:
            found = []
        if found and (found[0].get("Schedule"), found[0].get("State")) == (schedule, "ACTIVE"):
            say(f"daily pause {name}: already there")
        elif found:
            account.redshift.modify_scheduled_action(ScheduledActionName=name, Schedule=schedule, Enable=True)
            say(f"daily pause {name}: now at {plan.pause_daily_at} UTC")
        else:
            account.redshift.create_scheduled_action(
                ScheduledActionName=name,
                TargetAction={"PauseCluster": {"ClusterIdentifier": plan.name}},
                Schedule=schedule,
                IamRole=arn,
                Enable=True,
            )
            say(f"daily pause {name}: at {plan.pause_daily_at} UTC")


def delete_daily_pause(account: Account, plan: Plan, say: Say) -> None:
    """Take the daily pause and its role away; the role is deleted last, and so tells that there may be something."""
    name = _action(plan)
    if not has_daily_pause(account, plan):
        return
    with explained(f"daily pause {name}"):
        try:
            account.redshift.delete_scheduled_action(ScheduledActionName=name)
        except account.redshift.exceptions.ScheduledActionNotFoundFault:
            say(f"daily pause {name}: already gone")
        else:
            say(f"daily pause {name}: deleted")
    role.delete(account.iam, name, say)


def has_daily_pause(account: Account, plan: Plan) -> bool:
    """Whether there may be a daily pause."""
    name = _action(plan)
    with explained(f"role {name}"):
        return role.find(account.iam, name) is not None


def _action(plan: Plan) -> str:
    return f"{plan.name}-daily-pause"[:60]
