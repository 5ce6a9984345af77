"""The words of names, companies, addresses and notes, and which of them somebody meant who mistyped one.

Triggers add words as leads and notes are written; what nobody has any more is forgotten at night."""

from dashboard.accounts.tables import Organization
from dashboard.database import row, rows
from dashboard.spelling import allowed, distance

LIKENESS = 0.2  # of trigrams: low enough for two letters changed round in a name of five
CANDIDATES, ALTERNATIVES = 150, 4
SHORTEST = 3
BATCH = 10_000

SIMILAR = """
    SELECT t.position, t.word AS typed, w.word FROM (
        SELECT position, public.fold(typed) AS word FROM unnest({}::text[]) WITH ORDINALITY AS u (typed, position)) t
    CROSS JOIN LATERAL (
        SELECT DISTINCT x.word, similarity(x.word, t.word) AS likeness FROM lead_word x
        WHERE x.organization = {} AND x.word % t.word ORDER BY likeness DESC LIMIT {}) w
    ORDER BY t.position, w.likeness DESC, w.word"""
MEET = """
    WITH chosen AS (SELECT id, organization, TEXT AS text FROM TABLE WHERE id > {} ORDER BY id LIMIT {}),
         words AS (SELECT DISTINCT s.organization, w AS word FROM chosen s, public.lead_words(s.text) w),
         met AS (UPDATE lead_word x SET seen_at = clock_timestamp() FROM words f
                 WHERE x.organization = f.organization AND x.word = f.word AND x.seen_at < {}),
         missed AS (INSERT INTO lead_word (organization, word, created_at, seen_at)
                    SELECT f.organization, f.word, now(), clock_timestamp() FROM words f WHERE NOT EXISTS (
                        SELECT 1 FROM lead_word x WHERE x.organization = f.organization AND x.word = f.word))
    SELECT max(id) AS last FROM chosen"""
MEET_LEADS = MEET.replace("TEXT", "name || ' ' || company || ' ' || email").replace("TABLE", "lead")
MEET_NOTES = MEET.replace("TEXT", "CASE WHEN subject_kind = 'lead' THEN text ELSE '' END").replace("TABLE", "note")
UNMET = "DELETE FROM lead_word WHERE id IN (SELECT id FROM lead_word WHERE seen_at < {} LIMIT {}) RETURNING id"
DOUBLES = """
    DELETE FROM lead_word WHERE id IN (
        SELECT x.id FROM lead_word x JOIN lead_word y
        ON y.organization = x.organization AND y.word = x.word AND y.id < x.id LIMIT {}) RETURNING id"""


async def alternatives(organization: Organization, typed: list[str]) -> list[list[str]]:
    """For each typed word the known ones that are closest to it: the word itself where it begins a known one, nothing
    where it is like none. To be called in a transaction: it sets how like words have to be."""
    long = [word for word in typed if long_enough(word)]
    if not long:
        return [[word] for word in typed]
    await rows("SELECT set_config('pg_trgm.similarity_threshold', {}, true)", str(LIKENESS))
    found = await rows(SIMILAR, long, organization.id, CANDIDATES)
    like = [[(each["typed"], each["word"]) for each in found if each["position"] == n + 1] for n in range(len(long))]
    meant = dict(zip(long, (_nearest(each) for each in like), strict=True))
    return [meant.get(word, [word]) for word in typed]


def long_enough(word: str) -> bool:
    """Whether it can be told what was meant: some letters, and no number."""
    return len(word) >= SHORTEST and any(letter.isalpha() for letter in word)


def _nearest(like: list[tuple[str, str]]) -> list[str]:
    found = [(distance(typed, word), typed, word) for typed, word in like]
    found = [each for each in found if each[0] <= allowed(each[1])]
    closest = min((away for away, _, _ in found), default=0)
    if found and closest == 0:
        return [found[0][1]]
    return [word for away, _, word in found if away == closest][:ALTERNATIVES]


async def tidy() -> int:
    """Forget all words nobody has any more, and doubles, and learn what is missing; how many were forgotten."""
    start = await row("SELECT clock_timestamp() AS now")
    assert start is not None
    for statement in (MEET_LEADS, MEET_NOTES):
        last: int | None = 0
        while last is not None:
            found = await row(statement, last, BATCH, start["now"])
            last = found["last"] if found else None
    gone = 0
    for sql, values in ((UNMET, [start["now"]]), (DOUBLES, [])):
        while found_now := await rows(sql, *values, BATCH):
            gone += len(found_now)
    return gone
