from django.contrib import admin


class ChangesOnlyMixin:
    """`changed_data` is what a person changed: compared with what the page showed, not with what is stored by now."""

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        return super().formfield_for_dbfield(db_field, request, show_hidden_initial=True, **kwargs)


class ReadOnlyAdmin(admin.ModelAdmin):
    """What can be looked at, and changed only by the rules of its model."""

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False


class ReadOnlyInline(admin.TabularInline):
    extra = 0
    can_delete = False

    def has_add_permission(self, request, obj):
        return False

    def has_change_permission(self, request, obj=None):
        return False
