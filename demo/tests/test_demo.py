import re
from datetime import UTC, datetime, timedelta
from io import StringIO
from operator import attrgetter

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError

from accounts.models import User
from demo.data import PRODUCTS
from demo.shop import Shop, replay
from demo.timeline import DAYS, Action, timeline
from products.models import Product

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def placed(actions):
    return [action for action in actions if action.method == Shop.order]


def test_the_timeline_of_a_day_is_always_the_same_up_to_now():
    noon, evening = timeline(NOON), timeline(NOON + timedelta(hours=11))

    assert noon == timeline(NOON)
    assert noon == [action for action in evening if action.at < NOON]
    assert len(noon) < len(evening)


def test_the_timeline_is_chronological_and_ends_now():
    actions = timeline(NOON)

    assert actions == sorted(actions, key=attrgetter("at"))
    assert NOON - timedelta(hours=4) < actions[-1].at < NOON
    assert NOON - timedelta(days=DAYS) < placed(actions)[0].at < NOON - timedelta(days=DAYS - 2)


def test_weekends_and_recent_weeks_are_busier():
    days = [order.at.date() for order in placed(timeline(NOON))]
    weekend = [day for day in days if day.weekday() >= 5]
    recent = [day for day in days if day > NOON.date() - timedelta(days=DAYS // 3)]

    assert 600 < len(days) < 800
    assert len(weekend) / 2 > 1.2 * (len(days) - len(weekend)) / 5
    assert len(recent) > 0.4 * len(days)


@pytest.mark.parametrize("there", ["admin", "customer", "bat", "order"])
def test_nothing_is_added_to_existing_data(request, there):
    request.getfixturevalue(there)
    before = User.objects.count(), Product.objects.count()

    with pytest.raises(CommandError, match="already contains data"):
        call_command("demo")

    assert (User.objects.count(), Product.objects.count()) == before


@pytest.mark.django_db
def test_a_single_product_counts_as_data():
    Product.objects.create(name="Bat", price=1, quantity=0)

    with pytest.raises(CommandError, match="already contains data"):
        call_command("demo")


@pytest.mark.parametrize(
    ("password", "complaint"),
    [
        ("1234", "This password is too short. It must contain at least 12 characters."),
        ("asha of the shop", "The password is too similar to the username."),
        ("", "This field may not be blank."),
    ],
)
@pytest.mark.django_db
def test_a_password_that_registration_would_refuse_is_refused(settings, password, complaint):
    names = ("MinimumLengthValidator", "UserAttributeSimilarityValidator")
    path = "django.contrib.auth.password_validation"
    settings.AUTH_PASSWORD_VALIDATORS = [
        {"NAME": f"{path}.{names[0]}", "OPTIONS": {"min_length": 12}},
        {"NAME": f"{path}.{names[1]}", "OPTIONS": {"user_attributes": ["username"], "max_similarity": 0.4}},
    ]

    with pytest.raises(CommandError) as refusal:
        call_command("demo", "--password", password)

    assert str(refusal.value) == complaint
    assert not User.objects.exists()


@pytest.mark.django_db
def test_the_password_can_be_chosen(api, settings):
    settings.AUTH_PASSWORD_VALIDATORS = []
    out = StringIO()
    call_command("demo", "--password", "1234", stdout=out)

    assert re.search("^Password: +1234$", out.getvalue(), re.MULTILINE)
    assert api().post("/api/login/", {"username": "asha", "password": "1234"}).status_code == 200


@pytest.mark.django_db
def test_the_demo_is_all_or_nothing():
    actions = timeline(NOON)[: len(PRODUCTS)]
    again = Action(NOON, Shop.register, actions[0].arguments)

    with pytest.raises(IntegrityError):
        replay([*actions, again], password="!")

    assert not User.objects.exists()
    assert not Product.objects.exists()
