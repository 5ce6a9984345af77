"""Campaigns: the ledger counted while it changes, and the indexes of its page. Every statement may run twice."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-21T10:45:00:000034"
VERSION = "1.38.0"
DESCRIPTION = "Campaigns: counts that are kept, and the ledger's indexes"

# A statement that changes mails or people writes one line for each count it moved, beside the lines that are there: two
# statements never wait for each other, and a count is right in the very transaction. One in fifty folds a campaign's
# lines into sums and leaves out what another one is folding at that moment. Statements are parted by an empty line.
STATEMENTS = """
CREATE INDEX IF NOT EXISTS campaign_send_reason_list ON campaign_send (organization, campaign, reason, id DESC)
    WHERE reason <> ''

CREATE INDEX IF NOT EXISTS campaign_send_clicked ON campaign_send (organization, campaign, id DESC) INCLUDE (lead)
    WHERE clicked_at IS NOT NULL

CREATE INDEX IF NOT EXISTS campaign_send_replied ON campaign_send (organization, campaign, id DESC)
    WHERE replied_at IS NOT NULL

CREATE INDEX IF NOT EXISTS campaign_send_unsubscribed ON campaign_send (organization, campaign, id DESC)
    WHERE unsubscribed_at IS NOT NULL

CREATE INDEX IF NOT EXISTS campaign_count_sums ON campaign_count (organization, campaign, step, what)

CREATE OR REPLACE FUNCTION campaign_facts(state text, opened timestamptz, clicked timestamptz, replied timestamptz,
    unsubscribed timestamptz) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT array_remove(ARRAY[state, CASE WHEN opened IS NOT NULL THEN '*opened' END,
        CASE WHEN clicked IS NOT NULL THEN '*clicked' END, CASE WHEN replied IS NOT NULL THEN '*replied' END,
        CASE WHEN unsubscribed IS NOT NULL THEN '*unsubscribed' END], NULL) $$

CREATE OR REPLACE FUNCTION enrollment_facts(state text, reason text, variant text) RETURNS text[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT array_remove(ARRAY['people', state, 'variant:' || variant,
        CASE WHEN state = 'stopped' THEN 'why:' || reason END], NULL) $$

CREATE OR REPLACE FUNCTION campaign_count_fold(of_organization bigint, of_campaign bigint) RETURNS void
    LANGUAGE sql AS $$
    WITH mine AS (SELECT id FROM public.campaign_count
                  WHERE organization = of_organization AND campaign = of_campaign FOR UPDATE SKIP LOCKED),
    gone AS (DELETE FROM public.campaign_count c USING mine WHERE c.id = mine.id RETURNING c.step, c.what, c.number)
    INSERT INTO public.campaign_count (organization, campaign, step, what, number, created_at)
        SELECT of_organization, of_campaign, step, what, sum(number), now() FROM gone GROUP BY step, what
        HAVING sum(number) <> 0 $$

CREATE OR REPLACE FUNCTION campaign_send_counted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO public.campaign_count (organization, campaign, step, what, number, created_at)
            SELECT n.organization, n.campaign, n.step, w, count(*), now()
            FROM now_so n, unnest(public.campaign_facts(n.state, n.opened_at, n.clicked_at, n.replied_at,
                                                        n.unsubscribed_at)) w GROUP BY 1, 2, 3, 4;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO public.campaign_count (organization, campaign, step, what, number, created_at)
            SELECT n.organization, n.campaign, n.step, w, -count(*), now()
            FROM was_so n, unnest(public.campaign_facts(n.state, n.opened_at, n.clicked_at, n.replied_at,
                                                        n.unsubscribed_at)) w
            WHERE EXISTS (SELECT FROM public.organization o WHERE o.id = n.organization) GROUP BY 1, 2, 3, 4;
    ELSE
        INSERT INTO public.campaign_count (organization, campaign, step, what, number, created_at)
            SELECT n.organization, n.campaign, n.step, w, sum(n.sign), now()
            FROM (SELECT 1 AS sign, organization, campaign, step, state, opened_at, clicked_at, replied_at,
                         unsubscribed_at FROM now_so
                  UNION ALL
                  SELECT -1, organization, campaign, step, state, opened_at, clicked_at, replied_at, unsubscribed_at
                  FROM was_so) n,
                 unnest(public.campaign_facts(n.state, n.opened_at, n.clicked_at, n.replied_at, n.unsubscribed_at)) w
            GROUP BY 1, 2, 3, 4 HAVING sum(n.sign) <> 0;
    END IF;
    IF random() < 0.02 AND TG_OP = 'UPDATE' THEN
        PERFORM public.campaign_count_fold(n.organization, n.campaign) FROM
            (SELECT DISTINCT organization, campaign FROM now_so) n;
    END IF;
    RETURN NULL; END $$

CREATE OR REPLACE FUNCTION enrollment_counted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO public.campaign_count (organization, campaign, what, number, created_at)
            SELECT n.organization, n.campaign, w, count(*), now()
            FROM now_so n, unnest(public.enrollment_facts(n.state, n.reason, n.variant)) w GROUP BY 1, 2, 3;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO public.campaign_count (organization, campaign, what, number, created_at)
            SELECT n.organization, n.campaign, w, -count(*), now()
            FROM was_so n, unnest(public.enrollment_facts(n.state, n.reason, n.variant)) w
            WHERE EXISTS (SELECT FROM public.organization o WHERE o.id = n.organization) GROUP BY 1, 2, 3;
    ELSE
        INSERT INTO public.campaign_count (organization, campaign, what, number, created_at)
            SELECT n.organization, n.campaign, w, sum(n.sign), now()
            FROM (SELECT 1 AS sign, organization, campaign, state, reason, variant FROM now_so
                  UNION ALL SELECT -1, organization, campaign, state, reason, variant FROM was_so) n,
                 unnest(public.enrollment_facts(n.state, n.reason, n.variant)) w
            GROUP BY 1, 2, 3 HAVING sum(n.sign) <> 0;
    END IF;
    RETURN NULL; END $$

DO $$ BEGIN
    LOCK TABLE campaign_send, enrollment IN SHARE ROW EXCLUSIVE MODE;
    DELETE FROM campaign_count;
    INSERT INTO campaign_count (organization, campaign, step, what, number, created_at)
        SELECT n.organization, n.campaign, n.step, w, count(*), now() FROM campaign_send n,
            unnest(campaign_facts(n.state, n.opened_at, n.clicked_at, n.replied_at, n.unsubscribed_at)) w
        GROUP BY 1, 2, 3, 4
        UNION ALL
        SELECT n.organization, n.campaign, NULL::bigint, w, count(*), now()
        FROM enrollment n, unnest(enrollment_facts(n.state, n.reason, n.variant)) w GROUP BY 1, 2, 3, 4;
    CREATE OR REPLACE TRIGGER campaign_send_added AFTER INSERT ON campaign_send
        REFERENCING NEW TABLE AS now_so FOR EACH STATEMENT EXECUTE FUNCTION campaign_send_counted();
    CREATE OR REPLACE TRIGGER campaign_send_changed AFTER UPDATE ON campaign_send
        REFERENCING OLD TABLE AS was_so NEW TABLE AS now_so FOR EACH STATEMENT EXECUTE FUNCTION campaign_send_counted();
    CREATE OR REPLACE TRIGGER campaign_send_removed AFTER DELETE ON campaign_send
        REFERENCING OLD TABLE AS was_so FOR EACH STATEMENT EXECUTE FUNCTION campaign_send_counted();
    CREATE OR REPLACE TRIGGER enrollment_added AFTER INSERT ON enrollment
        REFERENCING NEW TABLE AS now_so FOR EACH STATEMENT EXECUTE FUNCTION enrollment_counted();
    CREATE OR REPLACE TRIGGER enrollment_changed AFTER UPDATE ON enrollment
        REFERENCING OLD TABLE AS was_so NEW TABLE AS now_so FOR EACH STATEMENT EXECUTE FUNCTION enrollment_counted();
    CREATE OR REPLACE TRIGGER enrollment_removed AFTER DELETE ON enrollment
        REFERENCING OLD TABLE AS was_so FOR EACH STATEMENT EXECUTE FUNCTION enrollment_counted();
END $$
"""


async def forwards():
    manager = MigrationManager(migration_id=ID, app_name="dashboard", description=DESCRIPTION)

    async def run():
        engine = engine_finder()
        for statement in STATEMENTS.split("\n\n"):
            await engine._run_in_new_connection(statement)

    manager.add_raw(run)
    return manager
