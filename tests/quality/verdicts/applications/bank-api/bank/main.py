from fastapi import Cookie, FastAPI, HTTPException

from bank.models import Transfer

app = FastAPI()
SESSIONS = {}
TRANSFERS = []


@app.post("/transfer")
def transfer(order: Transfer, session: str = Cookie(None)):
    if session not in SESSIONS:
        raise HTTPException(status_code=401)
    TRANSFERS.append((SESSIONS[session], order.to, order.cents))
    return {"ok": True}
