"""Who calls, as a dependency of routes: of the host's own, and of modules.

``Depends(get_current_admin_user)`` and ``Depends(get_current_vendor_user)`` give the `Subject`;
``Depends(requires("customers.read"))`` does so too, if the caller's roles allow that, and
``Depends(requires_feature("sales_reports"))`` if the feature is open to the caller.
"""

from collections.abc import Callable, Iterator
from typing import Any

from fastapi.dependencies.models import Dependant
from fastapi.requests import HTTPConnection
from starlette.types import Scope as Asgi

from klods.errors import FeatureMissing, NotAllowed, NotSignedIn, OtherPlatform, PermissionMissing
from klods.kernel.definition import FrontendType
from klods.kernel.features import OpenFeatures
from klods.kernel.subject import Subject
from klods.web.asgi_scope import SUBJECT, open_features, platform_of


def caller_of(asgi: Asgi) -> Subject:
    """Who calls, if that is known and belongs to the platform of the request; raise `NotSignedIn` or `OtherPlatform`."""
    subject: Subject | None = asgi.get(SUBJECT)
    if subject is None:
        raise NotSignedIn
    if subject.platform_id != platform_of(asgi):
        raise OtherPlatform
    return subject


class Rule:
    """What a route asks of its caller; FastAPI calls it as a dependency and hands on the caller."""

    def __init__(
        self, *, kind: FrontendType | None = None, permissions: tuple[str, ...] = (), features: tuple[str, ...] = ()
    ) -> None:
        self.kind = kind
        self.permissions = permissions
        self.features = features

    async def __call__(self, connection: HTTPConnection) -> Subject:
        """The caller; raise `NotSignedIn`, `NotAllowed`, `PermissionMissing` or `FeatureMissing`."""
        subject = caller_of(connection.scope)
        self.check(subject, open_features(connection.scope))
        return subject

    def lets_in(self, subject: Subject) -> bool:
        """Whether the caller is of the right kind and has the permissions."""
        return self.kind in (None, subject.kind) and all(map(subject.may, self.permissions))

    def check(self, subject: Subject, features: OpenFeatures) -> None:
        """Raise what forbids it."""
        if self.kind not in (None, subject.kind):
            raise NotAllowed
        for permission in self.permissions:
            if not subject.may(permission):
                raise PermissionMissing(permission=permission)
        for feature in self.features:
            if not features.has(feature):
                raise FeatureMissing(feature=feature, tiers=", ".join(features.tiers_with(feature)) or "none")


get_current_user = Rule()
get_current_admin_user = Rule(kind=FrontendType.ADMIN)
get_current_vendor_user = Rule(kind=FrontendType.VENDOR)


def requires(*permissions: str) -> Rule:
    """A dependency: the caller's roles must allow all of these."""
    return Rule(permissions=permissions)


def requires_feature(*features: str) -> Rule:
    """A dependency: all of these features must be open to the caller."""
    return Rule(features=features)


def rules_of(route: Any) -> tuple[Rule, ...]:
    """Every rule among the dependencies of a route."""
    return tuple(_rules(getattr(route, "dependant", None)))


def permissions_of(route: Any) -> list[str]:
    """Every permission that a route asks for."""
    return sorted({permission for rule in rules_of(route) for permission in rule.permissions})


def _rules(dependant: Dependant | None) -> Iterator[Rule]:
    if dependant is None:
        return
    call: Callable[..., Any] | None = dependant.call
    if isinstance(call, Rule):
        yield call
    for inner in dependant.dependencies:
        yield from _rules(inner)
