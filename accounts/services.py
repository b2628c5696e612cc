from django.db import transaction

from . import tokens


@transaction.atomic
def rotate(raw_refresh):
    """Spend a refresh token and return its successor; spent already, or otherwise invalid: InvalidToken (401)."""
    token = tokens.verify(tokens.RefreshToken, raw_refresh)
    user = tokens.holder(token)
    # The unique row decides: of requests with the same token at the same moment, one has made it.
    _, made = token.blacklist()
    if not made:
        raise tokens.InvalidToken
    return tokens.RefreshToken.for_user(user)
