from django import template
from django.template.defaulttags import CsrfTokenNode
from django.utils.html import format_html

from accounts.form_tokens import FIELD, new_token

register = template.Library()
# Without autocomplete="off" Firefox fills in the old token when the page is loaded again.
INPUT = '<input type="hidden" name="{}" value="{}" autocomplete="off">'


class FormTokensNode(CsrfTokenNode):
    def render(self, context):
        user = getattr(context.get("request"), "user", None)
        form_token = format_html(INPUT, FIELD, new_token(user)) if user and user.is_authenticated else ""
        return super().render(context) + form_token


@register.tag
def csrf_token(parser, token):
    """Django's tag, built in for every template (settings.TEMPLATES), plus the token that lets a form be sent once."""
    return FormTokensNode()
