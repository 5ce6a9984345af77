"""The articles and synonyms that come in the folder knowledge-base, for one organization. Running it again changes
only what changed in the files, and never what somebody wrote in the dashboard."""

import hashlib
import re
from datetime import datetime
from pathlib import Path

from dashboard.accounts.tables import Organization
from dashboard.database import rows, serialize, transaction
from dashboard.knowledge import actions, parsing
from dashboard.knowledge.tables import Article

FOLDER = Path(__file__).parent.parent.parent / "knowledge-base"
LINE = re.compile(r"^(?:\[(?P<language>[a-z]{2})\]\s*)?(?P<said>[^=#]+?)\s*=\s*(?P<means>.+)$")
SYNONYMS = """
    INSERT INTO synonym (organization, said, means, language, edited, created_at)
    SELECT {}, said, means, language, false, now()
    FROM unnest({}::text[], {}::text[], {}::text[]) AS f (said, means, language)
    ON CONFLICT (organization, said) DO UPDATE SET means = excluded.means, language = excluded.language
    WHERE NOT synonym.edited AND synonym.means <> excluded.means
    RETURNING id"""


async def load(
    organization: Organization, now: datetime, folder: Path = FOLDER, *, archived: bool = False
) -> dict[str, int]:
    """Take in what is new or changed in the files; how many articles were made, renewed, left alone and unchanged.
    `archived`: nothing is answered from those that are made before somebody says so."""
    counts = {"made": 0, "renewed": 0, "kept": 0, "unchanged": 0, "synonyms": 0}
    async with transaction():
        await serialize(f"knowledge:{organization.id}")
        counts["synonyms"], changed = await _load_synonyms(organization, folder / "synonyms.txt")
        known = {article.slug: article for article in await Article.of(organization)}
        for file in sorted(folder.glob("*/*.md")):
            if file.parent.name in actions.CATEGORIES:
                counts[await _load_article(organization, file, known.get(file.stem), now, archived)] += 1
        if changed or counts["made"] or counts["renewed"]:
            await actions.learn(organization)
    return counts


async def _load_article(
    organization: Organization, file: Path, known: Article | None, now: datetime, archived: bool
) -> str:
    text = file.read_text(encoding="utf-8")
    fingerprint = hashlib.sha256(text.encode()).hexdigest()
    title, category = parsing.title_of(text) or file.stem.replace("-", " ").capitalize(), file.parent.name
    if known is None:
        await actions.create_article(
            organization,
            title,
            category,
            text,
            now,
            slug=file.stem,
            loaded=fingerprint,
            learns=False,
            archived=archived,
        )
        return "made"
    if known.loaded == fingerprint:
        return "unchanged"
    if known.edited:
        return "kept"
    await actions.write(organization, known, title, category, text, now, by=None, loaded=fingerprint, learns=False)
    return "renewed"


async def _load_synonyms(organization: Organization, file: Path) -> tuple[int, bool]:
    """How many lines there are, and whether any changed what is known."""
    lines: dict[str, tuple[str, str]] = {}
    for line in file.read_text(encoding="utf-8").splitlines() if file.exists() else []:
        found = LINE.match(line.strip())
        if found:
            said = actions.clean_saying(found["said"])
            means, language = lines.get(said, ("", found["language"] or ""))
            lines[said] = (" ".join(dict.fromkeys([*means.split(), *found["means"].split()])), language)
    meant = list(lines.values())
    changed = await rows(
        SYNONYMS, organization.id, list(lines), [each[0] for each in meant], [each[1] for each in meant]
    )
    return len(lines), bool(changed)
