import pytest
from django.conf import settings

from benchmarks.parts import PARTS


@pytest.mark.parametrize("name", PARTS)
def test_each_part_that_is_there_for_speed_can_be_taken_out(name):
    part = PARTS[name]

    assert (settings.BASE_DIR / part.file).read_text(encoding="utf-8").count(part.text) == 1
    assert part.without != part.text
