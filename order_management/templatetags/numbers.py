from django.template import Library

from order_management.admin.numbers import money, number

register = Library()
register.filter(money)
register.filter(number)
