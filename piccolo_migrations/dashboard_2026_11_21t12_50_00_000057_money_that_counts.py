"""Money: a payment entered by mistake and taken back is in no sum, a part entered by hand does not pay an order, and a
dispute that is lost is over. Every statement may run twice."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-21T12:50:00:000057"
VERSION = "1.38.0"
DESCRIPTION = "Money: what was taken back counts nowhere, a part is not the whole, a lost dispute is over"

# Statements stand apart by an empty line.
STATEMENTS = """
CREATE OR REPLACE TRIGGER revenue_changed AFTER UPDATE ON payment FOR EACH ROW
    WHEN ((old.kind, old.amount, old.currency, old.occurred_at, old.fee, old.fee_currency, old.lead,
           old.status IN ('reversed', 'reversal')) IS DISTINCT FROM
          (new.kind, new.amount, new.currency, new.occurred_at, new.fee, new.fee_currency, new.lead,
           new.status IN ('reversed', 'reversal')))
    EXECUTE FUNCTION revenue_payment()

INSERT INTO revenue_stale (organization, day, created_at)
    SELECT DISTINCT p.organization, (other.occurred_at AT TIME ZONE 'UTC')::date, now()
    FROM payment p LEFT JOIN order_payment op ON op.payment = p.id
    LEFT JOIN order_payment beside ON beside."order" = op."order"
    JOIN payment other ON other.id IN (p.id, beside.payment)
    WHERE p.status IN ('reversed', 'reversal')

UPDATE orders SET payment_status = CASE
        WHEN said.gone >= coalesce(nullif(said.came, 0), orders.amount) THEN 'refunded' ELSE 'partially_refunded' END
    FROM (SELECT op."order" AS id,
                 coalesce(sum(p.amount) FILTER (WHERE p.kind = 'charge' OR p.status = 'reversal'), 0) AS came,
                 -sum(p.amount) FILTER (WHERE p.kind IN ('refund', 'dispute') AND p.status <> 'reversal') AS gone
          FROM order_payment op JOIN payment p ON p.id = op.payment JOIN orders o ON o.id = op."order"
          WHERE o.payment_status = 'disputed' AND p.currency = o.currency GROUP BY 1
          HAVING NOT bool_or(p.kind = 'dispute' AND p.status IN ('needs_response', 'under_review'))) said
    WHERE said.id = orders.id AND orders.payment_status = 'disputed' AND said.gone > 0

UPDATE orders SET payment_status = CASE WHEN checkout_failed OR said.failed THEN 'failed' ELSE 'unpaid' END
    FROM (SELECT op."order" AS id, bool_or(p.kind = 'failure') AS failed,
                 sum(p.amount) FILTER (WHERE p.kind = 'charge' OR p.status = 'reversal') AS came
          FROM order_payment op JOIN payment p ON p.id = op.payment JOIN orders o ON o.id = op."order"
          WHERE o.payment_status = 'paid' AND NOT o.checkout_paid AND p.currency = o.currency GROUP BY 1
          HAVING bool_and(p.kind <> 'charge' OR p.provider = 'manual')) said
    WHERE said.id = orders.id AND orders.payment_status = 'paid' AND said.came > 0 AND said.came < orders.amount
"""


async def forwards():
    manager = MigrationManager(migration_id=ID, app_name="dashboard", description=DESCRIPTION)

    async def run():
        engine = engine_finder()
        for statement in STATEMENTS.split("\n\n"):
            await engine._run_in_new_connection(statement)

    manager.add_raw(run)
    return manager
