// Pages work without this. It looks again when the server says so, shares drafts within a team
// with what they cost, counts the time down, and connects again after the line was lost.
(() => {
  "use strict";
  const place = document.body.dataset.socket;
  const line = document.getElementById("line");
  const page = Math.random().toString(36).slice(2);
  let socket = null, delay = 250, number = null, wait = null, later = null;

  function connect() {
    const scheme = location.protocol === "https:" ? "wss://" : "ws://";
    socket = new WebSocket(scheme + location.host + place);
    socket.onmessage = (event) => hear(JSON.parse(event.data));
    socket.onopen = () => { line.hidden = true; delay = 250; };
    socket.onclose = () => {
      line.hidden = false;
      setTimeout(connect, delay * (1 + Math.random()));
      delay = Math.min(2 * delay, 1000);
    };
  }

  function hear(message) {
    if (message.kind === "hello") {
      if (number !== null && message.number !== number) look();
      number = message.number;
    } else if (message.kind === "changed") {
      number = message.number;
      if (later === null) later = setTimeout(look, 50 + 150 * Math.random());
    } else if (message.kind === "stage") {
      document.getElementById("stage").textContent = message.text;
    } else if (message.kind === "draft") {
      draft(message);
    }
  }

  // Take the parts of the page that changed; a form stays as long as its round and state do.
  async function look() {
    let text;
    later = null;
    try {
      const answer = await fetch(location.pathname.replace(/(decide|found|name|act)$/, ""), { cache: "no-store" });
      if (!answer.ok) return;
      text = await answer.text();
    } catch { return; }
    const fresh = new DOMParser().parseFromString(text, "text/html");
    for (const now of document.querySelectorAll("[data-live]")) {
      const then = fresh.getElementById(now.id);
      if (!then) continue;
      if (now.dataset.form && now.dataset.form === then.dataset.form) continue;
      if (now.innerHTML !== then.innerHTML || now.outerHTML !== then.outerHTML) {
        if (now.getAttribute("aria-live")) {
          now.textContent = then.textContent;
        } else {
          now.replaceWith(document.importNode(then, true));
        }
      }
    }
    start();
  }

  function form() { return document.getElementById("form"); }

  function send() {
    if (!form() || !socket || socket.readyState !== WebSocket.OPEN) return;
    const values = {};
    for (const [name, value] of new FormData(form())) {
      if (name !== "_xsrf" && name !== "round") values[name] = value;
    }
    socket.send(JSON.stringify({ kind: "draft", page, values }));
  }

  function draft(message) {
    if (!form()) return;
    if (message.page !== page) {
      for (const [name, value] of Object.entries(message.values)) {
        const input = form().elements.namedItem(name);
        if (input && input !== document.activeElement) input.value = value;
      }
    }
    const items = document.getElementById("items");
    items.replaceChildren(...[...message.items, { label: "In all", text: message.total, total: true }].map((item) => {
      const row = document.createElement("div");
      if (item.total) row.className = "total";
      const label = document.createElement("dt"), text = document.createElement("dd");
      label.textContent = item.label;
      text.textContent = item.text;
      row.append(label, text);
      return row;
    }));
    const room = document.getElementById("room");
    if (room && message.budget) {
      room.value = message.budget.share;
      document.getElementById("room-text").textContent = message.budget.text;
    }
    for (const [name, member] of Object.entries(message.by || {})) {
      const by = document.getElementById("b-" + name);
      if (by) by.textContent = "Draft of " + member;
    }
    for (const wrong of form().querySelectorAll(".wrong")) {
      const name = wrong.id.slice(2), text = message.problems[name] || "";
      if (wrong.textContent !== text) wrong.textContent = text;
      const input = form().elements.namedItem(name);
      if (input) input.toggleAttribute("aria-invalid", Boolean(text));
      if (input && text) input.setAttribute("aria-invalid", "true");
    }
  }

  function tick() {
    const clock = document.getElementById("clock");
    if (!clock || !clock.dataset.deadline) return;
    if (clock.dataset.here === undefined) clock.dataset.here = Date.now() / 1000 - Number(clock.dataset.now);
    const left = Math.max(0, Number(clock.dataset.deadline) - (Date.now() / 1000 - Number(clock.dataset.here)));
    const text = Math.floor(left / 60) + ":" + String(Math.floor(left % 60)).padStart(2, "0");
    const timer = clock.querySelector("[role=timer]");
    if (timer && timer.textContent !== text) timer.textContent = text;
  }

  function start() {
    const here = form();
    if (here && !here.dataset.heard) {
      here.dataset.heard = "yes";
      here.addEventListener("input", () => { clearTimeout(wait); wait = setTimeout(send, 250); });
    }
    tick();
  }

  const problems = document.getElementById("problems");
  if (problems) problems.focus();
  start();
  setInterval(tick, 500);
  if (place) connect();
})();
