"""How the first person gets in: a link that works once, or a password from the settings."""

from datetime import timedelta

from klods.db.people.accounts import Account
from klods.db.people.links import Purpose
from klods.db.people.stores import People
from klods.web.auth.passwords import hash_password
from klods.web.auth.secrets import digest, new_secret

LINK_LIFETIME = timedelta(hours=1)
LINK_PATH = "/auth/link/"
PASSWORD_PATH = "/auth/reset/"  # noqa: S105


def prepare_admin(people: People, password: str | None = None) -> Account:
    """See to it that there is an admin; ``password`` is set only where nobody has chosen one yet."""
    admin = people.accounts.first_admin()
    if password and admin.password_hash is None:
        people.accounts.set_password(admin.id, hash_password(password))
    return admin


def nobody_has_signed_in(people: People) -> bool:
    """Whether the hub is so new that a login link should be printed."""
    return all(account.signed_in_at is None for account in people.accounts.all())


def make_login_link(people: People, account: Account, base_url: str = "") -> str:
    """An address that signs the person in once, within `LINK_LIFETIME`."""
    return base_url.rstrip("/") + LINK_PATH + _link(people, account, Purpose.SIGN_IN)


def make_password_link(people: People, account: Account, base_url: str = "") -> str:
    """An address at which the person chooses a new password once, within `LINK_LIFETIME`."""
    return base_url.rstrip("/") + PASSWORD_PATH + _link(people, account, Purpose.PASSWORD)


def _link(people: People, account: Account, purpose: Purpose) -> str:
    secret = new_secret()
    people.links.create(digest(secret), account.id, LINK_LIFETIME, purpose)
    return secret
