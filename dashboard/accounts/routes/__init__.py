from dashboard.accounts.routes import (
    access,
    account,
    integrations,
    invitations,
    mailed_links,
    organization,
    second_factor,
    setup,
    sign_in,
    team,
)

ROUTES = [
    *sign_in.ROUTES,
    *mailed_links.ROUTES,
    *setup.ROUTES,
    *invitations.ROUTES,
    *account.ROUTES,
    *second_factor.ROUTES,
    *organization.ROUTES,
    *integrations.ROUTES,
    *team.ROUTES,
    *access.ROUTES,
]
