"""Takes complaints from the public's web form."""
import sqlite3

from fastapi import FastAPI, Form

app = FastAPI()


@app.post("/complaints", status_code=201)
async def complain(name: str = Form(...), text: str = Form(...)):
    with sqlite3.connect("complaints.db") as database:
        database.execute("insert into complaint values (?, ?)", (name, text))
    return {"thanks": name}
