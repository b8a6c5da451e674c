"""Whom and what somebody may manage: nothing of another platform, and nobody who may do more."""

from collections.abc import Iterable

from klods.errors import ForAllPlatforms, MorePowerful
from klods.kernel.permissions import beyond
from klods.kernel.subject import Subject


def refuse_elsewhere(subject: Subject, platform_id: int | None, what: str) -> None:
    """Raise `ForAllPlatforms` when somebody of one platform would reach beyond it; None stands for all platforms."""
    if not subject.is_everywhere and platform_id != subject.platform_id:
        raise ForAllPlatforms(what=what)


def refuse_stronger(subject: Subject, permissions: Iterable[str]) -> None:
    """Raise `MorePowerful` when somebody would give, take or touch permissions that they do not have."""
    if missing := beyond(subject.permissions, permissions):
        raise MorePowerful(permissions=", ".join(missing))
