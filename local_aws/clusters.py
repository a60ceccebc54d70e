"""Redshift's control plane: moto's, with a real database behind every cluster, and as strict as AWS where it is not."""

from __future__ import annotations

import re
from typing import Any, ClassVar, Protocol

from moto.redshift import models, urls
from moto.redshift.exceptions import ClusterAlreadyExistsFaultError, RedshiftClientError

_PASSWORD = re.compile(r"(?=.*[a-z])(?=.*[A-Z])(?=.*[0-9])[!-~]{8,64}")
_RESERVED = {"postgres", "template0", "template1"}
_EXCLUDED = "/@\"'\\ "


class Databases(Protocol):
    """What stands behind the clusters: one server that makes a database and its administrator."""

    def create(self, database: str, user: str, password: str) -> None:
        """Make the database and its administrator; if they are there already, set the password."""

    def drop(self, database: str) -> None:
        """Remove the database with all that is in it, if it is there."""


class LocalRedshiftBackend(models.RedshiftBackend):
    """moto's Redshift, which also makes the database of a cluster, and refuses what AWS refuses.

    One of these is kept for each region, written to disk whole; the servers behind it are the process's, not its own.
    """

    databases: ClassVar[Databases]
    host: ClassVar[str]
    port: ClassVar[int]

    @property
    def _url_module(self) -> Any:
        """moto looks for the routes beside the class, and ours stands elsewhere."""
        return urls

    def create_cluster(self, **cluster_kwargs: Any) -> models.Cluster:
        """The database comes first: a cluster that is listed can be logged in to."""
        if cluster_kwargs["cluster_identifier"] in self.clusters:
            raise ClusterAlreadyExistsFaultError()
        _refuse_what_aws_refuses(cluster_kwargs)
        database = cluster_kwargs["db_name"] or "dev"
        _refuse_shared_database(database)
        self.databases.create(database, cluster_kwargs["master_username"], cluster_kwargs["master_user_password"])
        return super().create_cluster(**cluster_kwargs)

    def modify_cluster(self, **cluster_kwargs: Any) -> models.Cluster:
        """A new master password is the database's at once."""
        password = cluster_kwargs.get("master_user_password")
        if password is not None:
            _refuse_password(password)
            cluster = self.describe_clusters(cluster_kwargs["cluster_identifier"])[0]
            self.databases.create(cluster.db_name, cluster.master_username, password)
        return super().modify_cluster(**cluster_kwargs)

    def delete_cluster(self, **cluster_kwargs: Any) -> models.Cluster:
        """The data goes with the cluster, so that the next one of its name is empty, as on AWS."""
        gone = super().delete_cluster(**cluster_kwargs)
        self.databases.drop(gone.db_name)
        return gone

    def restore_from_cluster_snapshot(self, **_kwargs: Any) -> models.Cluster:
        """Snapshots here are names without data: to restore one would be to pretend."""
        raise RedshiftClientError("UnsupportedOperation", "The local AWS keeps no data in snapshots; it restores none.")


def install(databases: Databases, host: str, port: int) -> None:
    """Make moto answer for clusters that are at ``host``:``port`` in truth. Before the first request."""
    LocalRedshiftBackend.databases = databases
    LocalRedshiftBackend.host = host
    LocalRedshiftBackend.port = port
    models.redshift_backends.backend = LocalRedshiftBackend
    # moto makes up an address below amazonaws.com, where nothing of ours listens.
    setattr(models.Cluster, "endpoint", property(_endpoint))  # noqa: B010  # mypy forbids the plain assignment


def _endpoint(_cluster: models.Cluster) -> dict[str, str | int]:
    return {"Address": LocalRedshiftBackend.host, "Port": LocalRedshiftBackend.port}


def _refuse_what_aws_refuses(cluster: dict[str, Any]) -> None:
    """Amazon Redshift API reference, CreateCluster; DC2 and unencrypted clusters are refused since 2025."""
    if cluster["node_type"].startswith(("dc", "ds")):
        raise RedshiftClientError("InvalidParameterValue", f"Invalid node type: {cluster['node_type']}. Use RA3 or RG.")
    if not cluster["encrypted"]:
        raise RedshiftClientError("InvalidParameterValue", "Clusters can no longer be created unencrypted.")
    if not cluster["master_user_password"]:
        raise RedshiftClientError(
            "InvalidParameterCombination",
            "MasterUserPassword is required: the local AWS does not manage passwords (ManageMasterPassword).",
        )
    _refuse_password(cluster["master_user_password"])


def _refuse_shared_database(database: str) -> None:
    """All clusters are databases of one server here."""
    taken = {
        cluster.db_name: cluster.cluster_identifier
        for regions in models.redshift_backends.values()
        for region in regions.values()
        for cluster in region.clusters.values()
    }
    if database in taken:
        raise RedshiftClientError(
            "InvalidParameterValue",
            f"Cluster {taken[database]} has the database {database} already, and clusters of the local AWS share a "
            "server: choose another DBName.",
        )
    if database in _RESERVED:
        raise RedshiftClientError("InvalidParameterValue", f"The database name {database} is reserved.")


def _refuse_password(password: str) -> None:
    if not _PASSWORD.fullmatch(password) or set(password) & set(_EXCLUDED):
        raise RedshiftClientError(
            "InvalidParameterValue",
            "The parameter MasterUserPassword is not a valid password: 8 to 64 printable ASCII characters with an "
            "uppercase letter, a lowercase letter and a digit, and none of / @ \" ' \\ or space.",
        )
