"""What the fixtures of conftest.py share cannot carry anything from one test to another."""

from whitenoise.middleware import WhiteNoiseMiddleware

SCRIPT = "/static/accounts/send_once.js"


def test_every_test_client_has_its_own_list_of_static_files():
    first, second = WhiteNoiseMiddleware(), WhiteNoiseMiddleware()
    assert len(first.files) > 100
    first.files.clear()

    assert len(second.files) > 100
    assert second.files == WhiteNoiseMiddleware().files


def cache_control():
    """Return how long browsers may keep a file."""
    headers = WhiteNoiseMiddleware().files[SCRIPT].get_response("HEAD", {}).headers
    return dict(headers)["Cache-Control"]


def test_with_other_settings_the_static_files_are_listed_again(settings):
    before = cache_control()
    settings.WHITENOISE_MAX_AGE = 17
    changed = cache_control()
    del settings.WHITENOISE_MAX_AGE

    assert changed == "max-age=17, public"
    assert cache_control() == before != changed
