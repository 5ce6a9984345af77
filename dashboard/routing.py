"""Every address of the application, slice by slice."""

from dashboard import health, live
from dashboard.accounts.routes import ROUTES as ACCOUNTS
from dashboard.approvals.routes import ROUTES as APPROVALS
from dashboard.campaigns.routes import ROUTES as CAMPAIGNS
from dashboard.chat.routes import ROUTES as CHAT
from dashboard.conversations.routes import ROUTES as CONVERSATIONS
from dashboard.deliveries.routes import ROUTES as DELIVERIES
from dashboard.erasure.routes import ROUTES as ERASURE
from dashboard.files.routes import ROUTES as FILES
from dashboard.forms.routes import ROUTES as FORMS
from dashboard.intake.routes import ROUTES as INTAKE
from dashboard.knowledge.routes import ROUTES as KNOWLEDGE
from dashboard.leads.routes import ROUTES as LEADS
from dashboard.orders.routes import ROUTES as ORDERS
from dashboard.payments.routes import ROUTES as PAYMENTS
from dashboard.plans.routes import ROUTES as PLANS
from dashboard.revenue.routes import ROUTES as REVENUE
from dashboard.runs.routes import ROUTES as RUNS
from dashboard.scoring.routes import ROUTES as SCORING
from dashboard.search.routes import ROUTES as SEARCH
from dashboard.tickets.routes import ROUTES as TICKETS
from dashboard.today.routes import ROUTES as TODAY
from dashboard.views.routes import ROUTES as VIEWS
from dashboard.webhooks.routes import ROUTES as WEBHOOKS

ROUTES = [
    live.stream,
    health.show,
    health.speculation,
    *ACCOUNTS,
    *APPROVALS,
    *CAMPAIGNS,
    *CHAT,
    *CONVERSATIONS,
    *DELIVERIES,
    *ERASURE,
    *FILES,
    *FORMS,
    *INTAKE,
    *KNOWLEDGE,
    *LEADS,
    *ORDERS,
    *PAYMENTS,
    *PLANS,
    *VIEWS,
    *REVENUE,
    *RUNS,
    *SCORING,
    *SEARCH,
    *TICKETS,
    *TODAY,
    *WEBHOOKS,
]
