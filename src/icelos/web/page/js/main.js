// Wires the parts together; each knows its own corner of the page.

import * as composer from "./composer.js";
import * as connection from "./connection.js";
import * as conversations from "./conversations.js";
import { find } from "./dom.js";
import * as drawer from "./drawer.js";
import * as keys from "./keys.js";
import { start } from "./session.js";
import * as sources from "./sources.js";
import * as thread from "./thread.js";

let begun = false;
let user = "";

function entered(session) {
  if (begun && session.user !== user) {  // somebody else: nothing of the one before stays on the page
    sessionStorage.clear();
    location.replace("/");
    return;
  }
  user = session.user;
  find("who").textContent = `${session.user} · ${session.model || "no model"} · ${session.version}`;
  sources.follow();
  conversations.refresh().catch(() => {});
  composer.enter();
  if (begun) return;
  begun = true;
  const last = sessionStorage.getItem("icelos-conversation");
  thread.clear();
  if (last) thread.open(last).catch(thread.clear);
}

drawer.bind();
sources.bind();
composer.bind();
conversations.bind();
keys.bind();
thread.on("changed", () => conversations.refresh().catch(() => {}));
connection.watch(() => { sources.follow(); conversations.refresh().catch(() => {}); });
start(entered);
