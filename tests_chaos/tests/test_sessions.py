"""Refresh tokens that are used twice, and access tokens that are refused too early."""

from dataclasses import replace

from tests_chaos.checker import check
from tests_chaos.records import Attempt, Record


def refreshes(history):
    return [record for record in history.records if record.path == "/api/login/refresh/"]


def reads(history):
    return next(record for record in history.records if "Authorization" in record.headers)


def test_two_winners(history, found):
    first, second = refreshes(history)
    second.status, second.answer = first.status, dict(first.answer)

    assert found(history, "A refresh token was used 2 times")


def test_a_refresh_after_the_logout(story, found):
    login = story.call("POST", "login/", {"username": "carl", "password": "secret"})
    story.call("POST", "logout/", {"refresh": login.answer["refresh"]})
    later = story.call("POST", "login/refresh/", {"refresh": login.answer["refresh"]})
    assert check(story.end()) == []

    later.status, later.answer = 200, login.answer
    assert found(story.history, "A refresh token was accepted after its logout")


def test_two_logouts(story, found):
    login = story.call("POST", "login/", {"username": "carl", "password": "secret"})
    first, second = (story.call("POST", "logout/", {"refresh": login.answer["refresh"]}) for _ in range(2))
    second.status = first.status

    assert found(story.end(), "A session was logged out 2 times")


def test_a_living_token_that_is_refused(history, found):
    reads(history).status = 401

    assert found(history, "A valid access token, from /api/login/refresh/")


def test_a_living_token_that_is_refused_before_a_retry_with_another(history, found):
    read = reads(history)
    read.headers["Idempotency-Key"] = "1"
    history.records.append(replace(read))
    read.status = 401

    assert found(history, "A valid access token")


def test_a_token_that_may_have_expired(history, found):
    read = reads(history)
    read.status, read.attempts = 401, [Attempt(910, 911, 401)]

    assert not found(history, "A valid access token")


def test_a_token_that_was_revoked(history, found):
    read = reads(history)
    read.status = 401
    path = "/api/accounts/me/logout-all/"
    moment = read.began - 0.5
    history.records.append(Record("other", read.user, "POST", path, None, {}, [Attempt(moment, moment + 0.1, None)]))

    assert not found(history, "A valid access token")
