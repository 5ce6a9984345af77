from dashboard.accounts.tables import Organization
from dashboard.database import rows
from dashboard.forms.sections import publishable
from dashboard.forms.tables import Form, FormVersion

LIST = """
    SELECT f.id, f.name, f.kind, f.slug, f.published, f.archived_at, f.draft - 'removed' AS draft, v.definition,
           v.created_at AS published_at,
           (SELECT count(*) FROM (SELECT FROM capture c WHERE c.form = f.id AND c.submitted_at IS NOT NULL
                                  LIMIT 10001) sent) AS sent
    FROM form f LEFT JOIN form_version v ON v.form = f.id AND v.number = f.published
    WHERE f.organization = {} ORDER BY lower(f.name), f.id"""


async def current_version(organization: Organization, form: int | None) -> FormVersion | None:
    """The newest published version of a form, or None where there is no form or it was never published."""
    if form is None:
        return None
    return await (
        FormVersion.of(organization)
        .where(FormVersion.form == form)
        .order_by(FormVersion.number, ascending=False)
        .first()
    )


async def list_forms(organization: Organization) -> list[dict]:
    """Every form, how often it was sent where it is public (up to 10,001), whether its draft differs from what is
    published."""
    found = await rows(LIST, organization.id)
    return [
        form | {"changed": form["definition"] is not None and form["definition"] != form["draft"]} for form in found
    ]


async def is_changed(organization: Organization, form: Form) -> bool:
    """Whether the draft differs from the newest published version; True before the first."""
    version = await current_version(organization, form.id)
    return version is None or version.definition != publishable(form.draft)
