"""Stand-ins for the outside world: real servers on loopback that misbehave on request and keep a journal of every
send they accepted. In a test: `from tests.partners.provider import provider`, `async with provider() as p: …`,
`p.sent("resend")`; for crash tests a process of its own: `python -m tests.partners.provider --journal journal.jsonl`.
"""
