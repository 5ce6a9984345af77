"""The floor for webhooks: verify the signature, insert the row, commit, answer. Nothing else."""

import hashlib
import hmac
import json
import os
from contextlib import asynccontextmanager

import asyncpg
import uvicorn
from litestar import Litestar, Request, post

KEY = os.environ["STRIPE_WEBHOOK_SECRET"].encode()


@asynccontextmanager
async def lifespan(app: Litestar):
    async with asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=2, max_size=12) as pool:
        await pool.execute(
            "CREATE TABLE IF NOT EXISTS bare_event (id bigserial PRIMARY KEY, key text UNIQUE, body bytea)"
        )
        app.state.pool = pool
        yield


@post("/bare", status_code=200)
async def receive(request: Request) -> dict[str, bool]:
    body = await request.body()
    parts = dict(part.split("=", 1) for part in request.headers["stripe-signature"].split(","))
    mac = hmac.new(KEY, parts["t"].encode() + b"." + body, hashlib.sha256).hexdigest()
    assert hmac.compare_digest(mac, parts["v1"])
    event = json.loads(body)
    await request.app.state.pool.execute(
        "INSERT INTO bare_event (key, body) VALUES ($1, $2) ON CONFLICT DO NOTHING", event["id"], body
    )
    return {"received": True}


if __name__ == "__main__":
    app = Litestar([receive], lifespan=[lifespan], openapi_config=None, logging_config=None)
    uvicorn.run(app, port=int(os.environ["PORT"]), loop="uvloop", http="httptools", access_log=False, log_level="error")
