"""How people use a page: with a mouse or a finger, or by keyboard alone. Both find things by what a page calls them."""

import re

import pytest

from .browser import wait_until_shown

TABS_MAX = 150


class Mouse:
    def __init__(self, page):
        self.page = page

    def find(self, name, within=None):
        """Return the first link or button with this name, once it is there. The names of icons may surround it."""
        name = re.compile(rf"(?<!\S){re.escape(name)}(\s+\w+_\w+)?\s*$")
        wait_until_shown(self.page)
        links, buttons = [
            (within or self.page).get_by_role(role, name=name, include_hidden=True) for role in ("link", "button")
        ]
        found = links.or_(buttons)
        found.first.wait_for(state="attached")
        visible = found.filter(visible=True)
        return (visible if visible.count() else found).first

    def press(self, name, within=None):
        found = self.find(name, within)
        if not found.is_visible():
            self.activate(self.page.get_by_text("more_horiz", exact=True).first)  # on a phone
        self.activate(found)

    def activate(self, element):
        element.click()

    def fill(self, label, text, within=None):
        """Type into the field with this label, which ends in an asterisk if the field is required."""
        label = re.compile(rf"^\s*{re.escape(label)}\s*\*?\s*$")
        self.enter((within or self.page).get_by_label(label), text)

    def enter(self, field, text):
        field.fill(text)

    def tick(self, label, within=None):
        self.check((within or self.page).get_by_label(label).first)

    def check(self, box):
        box.check()

    def choose(self, label, option):
        self.select(self.page.get_by_label(label), option)

    def select(self, element, option):
        element.select_option(label=option)

    def search(self, text):
        self.enter(self.page.locator("#searchbar"), text)
        self.page.keyboard.press("Enter")
        self.page.wait_for_function("text => new URLSearchParams(location.search).get('q') === text", arg=text)

    def pick(self, box, text):
        """Search in the box with this label, and choose the first result."""
        self.activate(self.page.locator(f"[aria-label='{box}'] + .select2 .select2-selection").first)
        self.page.keyboard.type(text)
        self.page.locator(".select2-results__option--highlighted", has_text=text).wait_for()
        self.page.keyboard.press("Enter")


class Keyboard(Mouse):
    """Tab, Space, Enter, Escape and letters."""

    def reach(self, element):
        element.wait_for()
        for _ in range(TABS_MAX):
            if element.evaluate("element => element === document.activeElement"):
                return
            self.page.keyboard.press("Tab")
        pytest.fail(f"{element} cannot be reached with Tab.")

    def activate(self, element):
        self.reach(element)
        self.page.keyboard.press("Enter")

    def enter(self, field, text):
        self.reach(field)
        self.page.keyboard.press("ControlOrMeta+a")
        self.page.keyboard.type(text)

    def check(self, box):
        self.reach(box)
        self.page.keyboard.press("Space")

    def select(self, element, option):
        self.reach(element)
        self.page.keyboard.type(option)
