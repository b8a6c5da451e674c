"""API tokens: made once, shown once."""

from klods.db.people.stores import People
from klods.kernel.subject import Subject
from klods.web.auth.secrets import TOKEN_PREFIX, digest, new_secret


def issue_token(people: People, name: str, subject: Subject) -> str:
    """Make a token that acts for the subject on its platform; what is returned is stored nowhere."""
    secret = new_secret(TOKEN_PREFIX)
    people.tokens.create(name, digest(secret), subject)
    return secret
