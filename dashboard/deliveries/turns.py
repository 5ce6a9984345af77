"""Replies of one conversation leave in the order they were written: what was said first and could not be sent yet must
not come after what was said next, as if it were the last word."""

MAY_LEAVE = """(d.name <> 'reply' OR NOT EXISTS (
    SELECT 1 FROM delivery o
    WHERE o.organization = d.organization AND o.subject_kind = d.subject_kind AND o.subject_id = d.subject_id
    AND o.name = d.name AND o.id < d.id AND o.state IN ('queued', 'sending')))"""
