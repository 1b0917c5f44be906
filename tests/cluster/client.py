"""A client of the Kubernetes API for tests: blocking, one connection a thread, JSON both ways, a token or nothing.

It knows where the objects of the kinds in PLURALS live and what an answer looks like. A refusal is an answer too.
"""

from __future__ import annotations

import http.client
import json
import ssl
import threading
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

Json = dict[str, Any]

#: kind -> (path of its group and version, its plural, whether it lives in a namespace)
PLURALS = {
    "Namespace": ("api/v1", "namespaces", False),
    "Pod": ("api/v1", "pods", True),
    "ConfigMap": ("api/v1", "configmaps", True),
    "Secret": ("api/v1", "secrets", True),
    "Service": ("api/v1", "services", True),
    "ServiceAccount": ("api/v1", "serviceaccounts", True),
    "LimitRange": ("api/v1", "limitranges", True),
    "ResourceQuota": ("api/v1", "resourcequotas", True),
    "Event": ("api/v1", "events", True),
    "Deployment": ("apis/apps/v1", "deployments", True),
    "StatefulSet": ("apis/apps/v1", "statefulsets", True),
    "DaemonSet": ("apis/apps/v1", "daemonsets", True),
    "ReplicaSet": ("apis/apps/v1", "replicasets", True),
    "Job": ("apis/batch/v1", "jobs", True),
    "CronJob": ("apis/batch/v1", "cronjobs", True),
    "MutatingWebhookConfiguration": ("apis/admissionregistration.k8s.io/v1", "mutatingwebhookconfigurations", False),
    "MutatingAdmissionPolicy": ("apis/admissionregistration.k8s.io/v1", "mutatingadmissionpolicies", False),
    "MutatingAdmissionPolicyBinding": (
        "apis/admissionregistration.k8s.io/v1",
        "mutatingadmissionpolicybindings",
        False,
    ),
    "ValidatingAdmissionPolicy": ("apis/admissionregistration.k8s.io/v1", "validatingadmissionpolicies", False),
    "ValidatingAdmissionPolicyBinding": (
        "apis/admissionregistration.k8s.io/v1",
        "validatingadmissionpolicybindings",
        False,
    ),
    "Role": ("apis/rbac.authorization.k8s.io/v1", "roles", True),
    "RoleBinding": ("apis/rbac.authorization.k8s.io/v1", "rolebindings", True),
    "PodDisruptionBudget": ("apis/policy/v1", "poddisruptionbudgets", True),
    "NetworkPolicy": ("apis/networking.k8s.io/v1", "networkpolicies", True),
    "ClusterRole": ("apis/rbac.authorization.k8s.io/v1", "clusterroles", False),
    "ClusterRoleBinding": ("apis/rbac.authorization.k8s.io/v1", "clusterrolebindings", False),
    "CustomResourceDefinition": ("apis/apiextensions.k8s.io/v1", "customresourcedefinitions", False),
    "PodMonitor": ("apis/monitoring.coreos.com/v1", "podmonitors", True),
    "PrometheusRule": ("apis/monitoring.coreos.com/v1", "prometheusrules", True),
}
PATCHES = {
    "json": "application/json-patch+json",
    "merge": "application/merge-patch+json",
    "apply": "application/apply-patch+yaml",
}
PATIENCE = 40.0


class Refused(AssertionError):
    """The API server did not do what the test needs done."""


class Answer(NamedTuple):
    """`warnings` are the texts of the Warning headers (RFC 9111 section 5.5), as kubectl prints them."""

    status: int
    body: Json
    warnings: list[str]

    @property
    def accepted(self) -> bool:
        return self.status < 300

    @property
    def message(self) -> str:
        return str(self.body.get("message", ""))

    def wanted(self) -> Json:
        if not self.accepted:
            raise Refused(f"{self.status}: {self.message or self.body}")
        return self.body


class Client:
    """Speaks to `url` with `token`, trusting the certificates in `ca`; may be shared by threads."""

    def __init__(self, url: str, token: str, ca: Path) -> None:
        self.url, self.token, self.ca = url, token, ca
        self._context = ssl.create_default_context(cafile=str(ca))
        self._local = threading.local()
        self._opened: list[http.client.HTTPSConnection] = []

    def close(self) -> None:
        """Of all threads; asked once more, it connects again."""
        for connection in self._opened:
            connection.close()

    def request(
        self, method: str, path: str, body: object = None, *, kind: str = "application/json", **query: str
    ) -> Answer:
        data = None if body is None else json.dumps(body).encode()
        target = f"/{path}?{urlencode(query)}" if query else f"/{path}"
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": kind, "Accept": "application/json"}
        return self._exchange(method, target, data, headers)

    def _exchange(self, method: str, target: str, data: bytes | None, headers: dict[str, str]) -> Answer:
        connection = self._connection()
        try:
            connection.request(method, target, data, headers)
            response = connection.getresponse()
            content = response.read()
        except (OSError, http.client.HTTPException):
            connection.close()
            raise
        warnings = [warning_text(header) for header in response.headers.get_all("Warning") or []]
        return Answer(response.status, read(content), warnings)

    def _connection(self) -> http.client.HTTPSConnection:
        if not hasattr(self._local, "connection"):
            address = urlsplit(self.url)
            self._local.connection = http.client.HTTPSConnection(
                address.hostname or "", address.port, context=self._context, timeout=PATIENCE
            )
            self._opened.append(self._local.connection)
        connection: http.client.HTTPSConnection = self._local.connection
        return connection

    def get(self, kind: str, name: str, namespace: str = "") -> Answer:
        return self.request("GET", path_of(kind, namespace, name))

    def list(self, kind: str, namespace: str = "", **query: str) -> list[Json]:
        items: list[Json] = self.request("GET", path_of(kind, namespace), **query).wanted().get("items", [])
        return items

    def create(self, kind: str, thing: Json, namespace: str = "", **query: str) -> Answer:
        return self.request("POST", path_of(kind, namespace), whole(kind, thing), **query)

    def patch(
        self, kind: str, name: str, change: object, namespace: str = "", *, how: str = "merge", **query: str
    ) -> Answer:
        return self.request("PATCH", path_of(kind, namespace, name), change, kind=PATCHES[how], **query)

    def delete(self, kind: str, name: str, namespace: str = "") -> Answer:
        return self.request("DELETE", path_of(kind, namespace, name), gracePeriodSeconds="0")


def path_of(kind: str, namespace: str = "", name: str = "") -> str:
    group, plural, namespaced = PLURALS[kind]
    parts = [group, *(["namespaces", namespace] if namespaced and namespace else []), plural, *([name] if name else [])]
    return "/".join(parts)


def whole(kind: str, thing: Json) -> Json:
    group = PLURALS[kind][0]
    return {"apiVersion": group.removeprefix("apis/").removeprefix("api/"), "kind": kind} | thing


def read(content: bytes) -> Json:
    try:
        body = json.loads(content)
    except ValueError:
        return {"message": content.decode(errors="replace")}
    return body if isinstance(body, dict) else {"message": str(body)}


def warning_text(header: str) -> str:
    """The text of `299 - "text"`, its quotes undone."""
    quoted = header.partition(" ")[2].partition(" ")[2]
    return quoted.strip('"').replace('\\"', '"').replace("\\\\", "\\")
