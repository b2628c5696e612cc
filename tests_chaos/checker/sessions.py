"""Refresh tokens are used once, and access tokens are accepted until they expire."""

import base64
import json
from collections import defaultdict

from .calls import Call

REFRESH, LOGOUT = "POST /api/login/refresh/", "POST /api/logout/"
PUBLIC = "/api/login/", REFRESH.split()[1], LOGOUT.split()[1], "/api/accounts/register/"
REVOKING = (
    "POST /api/accounts/me/password/",
    "POST /api/accounts/me/logout-all/",
    "PATCH /api/accounts/users/{id}/",
    "POST /api/accounts/users/{id}/password/",
)
SKEW = 10  # seconds by which the clocks of the nodes may differ


def check_sessions(calls):
    yield from used_twice(calls)
    yield from used_after_logout(calls)
    yield from refused_tokens(calls)


def used_twice(calls):
    winners = defaultdict(list)
    for call in calls.of(REFRESH, LOGOUT):
        if call.status == 200:
            winners[call.body["refresh"]].append(call)
    for won in winners.values():
        if sum(call.route == REFRESH for call in won) > 1:
            yield f"A refresh token was used {len(won)} times: {'; '.join(map(str, won))}"
        elif sum(call.route == LOGOUT for call in won) > 1:
            yield f"A session was logged out {len(won)} times: {'; '.join(map(str, won))}"


def used_after_logout(calls):
    ended = {call.body["refresh"]: call for call in calls.of(LOGOUT) if call.status == 200}
    for call in calls.of(REFRESH):
        logout = ended.get(call.body["refresh"])
        if logout and call.status == 200 and call.began > logout.answered:
            yield f"A refresh token was accepted after its logout: {call}"


def refused_tokens(calls):
    """Yield 401s for calls whose access token was still valid."""
    issued = {}
    for call in calls.of("POST /api/login/", REFRESH):
        if call.status == 200:
            issued[call.answer["access"]] = call
    revoked = revocations(calls)
    refused = [Call.of(record) for record in calls.records if record.status == 401]
    for call in refused:
        if call.record.path in PUBLIC:
            continue
        token = call.record.headers.get("Authorization", "").removeprefix("Bearer ")
        login = issued.get(token)
        if login and is_alive(token, login, call) and not is_revoked(token, call, revoked):
            yield f"A valid access token, from {login.record.path} at {login.answered:.3f} s, was refused: {call}"


def is_alive(token, login, call):
    claims = claims_of(token)
    lives = claims["exp"] - claims["iat"]
    return login.answered < call.asked and call.answered + SKEW < login.asked + lives


def claims_of(token):
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


def revocations(calls):
    """Return when tokens may first have been revoked, by the name of the user, or by the id."""
    first = {}
    for call in calls.of(*REVOKING):
        who = str(call.pk) if call.pk else call.record.user
        first[who] = min(call.began, first.get(who, call.began))
    return first


def is_revoked(token, call, revoked):
    names = call.record.user, str(claims_of(token).get("user_id"))
    return any(revoked.get(name, float("inf")) < call.answered for name in names)
