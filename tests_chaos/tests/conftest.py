import pytest

from tests_chaos.checker import check

from .story import Story

CARL = "carl"


@pytest.fixture
def story():
    """Two products, an order that is delivered and partly returned, one that is cancelled, and bookings.

    Two programs follow the feeds, and carl's session is refreshed and ended.
    """
    story = Story()
    story.call("POST", "products/create/", {"name": "Bat", "price": "1200.00", "quantity": 10})
    story.call("POST", "products/create/", {"name": "Ball", "price": "250.00", "quantity": 5})
    deliver_and_return(story)
    cancel(story)
    change_stock(story)
    for client in ("follower1", "follower2", "follower1", "follower2"):
        story.follow(client, "")
    log_in_and_out(story)
    return story


def deliver_and_return(story):
    lines = [{"product": 1, "quantity": 2}, {"product": 2, "quantity": 1}]
    story.call("POST", "orders/", {"items": lines, "note": "first"}, user=CARL)
    story.follow("follower1", "orders/events/?page_size=2")
    for action in ("confirm", "ship", "deliver"):
        story.call("POST", f"orders/1/{action}/", {"note": f"{action} the first"})
    back = {"items": [{"product": 1, "quantity": 1}], "note": "too long"}
    story.call("POST", "orders/1/return/", back)


def cancel(story):
    lines = [{"product": 2, "quantity": 1}]
    story.call("POST", "orders/", {"items": lines, "note": "second"}, user=CARL)
    story.follow("follower2", "products/stock/?page_size=3&start=latest")
    story.call("POST", "orders/2/cancel/", {"note": "changed my mind"}, user=CARL)
    story.call("GET", "orders/?page_size=1", user=CARL)


def change_stock(story):
    story.call("POST", "products/1/stock/", {"delta": 5, "note": "delivery"})
    count = {"product": 2, "quantity": 3, "expected": 4}
    story.call("POST", "products/stock/", {"changes": [{"product": 1, "delta": -1}, count], "note": "November"})
    story.call("PUT", "products/2/", {"quantity": 77})


def log_in_and_out(story):
    login = story.call("POST", "login/", {"username": CARL, "password": "secret"}, user=CARL)
    refreshed = story.call("POST", "login/refresh/", {"refresh": login.answer["refresh"]}, user=CARL)
    story.call("POST", "login/refresh/", {"refresh": login.answer["refresh"]}, user=CARL)
    story.call("GET", "products/1/", user=CARL, Authorization=f"Bearer {refreshed.answer['access']}")
    story.call("POST", "logout/", {"refresh": refreshed.answer["refresh"]}, user=CARL)


@pytest.fixture
def history(story):
    """The whole story, which is right until a test falsifies it."""
    return story.end()


@pytest.fixture
def found():
    """A function that says whether the checker finds a violation with these words."""

    def found(history, words):
        return any(words in sentence for sentence in check(history))

    return found


@pytest.fixture
def final():
    """A function that returns the answer of the final reading of a path."""
    return lambda history, path: next(r.answer for r in history.final if r.path.startswith(f"/api/{path}?"))


@pytest.fixture
def record_of():
    """A function that returns the record of the call with this note."""
    return lambda history, note: next(r for r in history.records if r.body and r.body.get("note") == note)
