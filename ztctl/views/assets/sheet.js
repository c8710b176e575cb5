
"use strict";
(() => {
  const MOST_NODES = 8;
  // No name of a node: names from outside hold no control characters.
  const MORE = "\u0000";
  const WORDS = { "+": "gains entry", "-": "loses entry" };
  const SIGNS = { "+": "plus", "-": "minus" };
  const ARROW = " \u2192 ";
  const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
  const number = new Intl.NumberFormat("en");
  const pen = document.createElement("canvas").getContext("2d");

  // Text from outside becomes text nodes and attributes, never markup.
  function make(name, attributes, ...children) {
    return fill(document.createElement(name), attributes, children);
  }

  function draw(name, attributes, ...children) {
    return fill(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);
  }

  function fill(element, attributes, children) {
    for (const [key, value] of Object.entries(attributes || {})) {
      if (value !== null && value !== undefined) element.setAttribute(key, value);
    }
    element.append(...children);
    return element;
  }

  // -- the drawing: who, host, tunnel, service ----------------------------------------------

  function nodesOf(host, ways) {
    const columns = [new Map(), new Map([[host, { text: host, kind: "" }]]), new Map(), new Map()];
    const edges = new Map();
    const rank = { "": 0, minus: 1, plus: 2, login: 3, open: 4 };
    const place = (column, text, kind, name = text) => {
      const known = columns[column];
      const key = known.has(name) || known.size < MOST_NODES ? name : MORE;
      const node = known.get(key) || { text, kind, others: new Set() };
      if (key === MORE) node.others.add(text);
      if (rank[kind] > rank[node.kind]) node.kind = kind;
      known.set(key, node);
      return key;
    };
    for (const [who, tunnel, service, sign, tone] of ways) {
      const kind = tone || SIGNS[sign] || "";
      const points = [[0, place(0, sign ? `${sign}\u00a0${who}` : who, kind, `${sign} ${who}`)], [1, host]];
      if (tunnel) points.push([2, place(2, tunnel, "")]);
      if (service) points.push([3, place(3, service, "")]);
      for (let at = 1; at < points.length; at += 1) {
        const key = JSON.stringify([points[at - 1], points[at]]);
        const old = edges.get(key);
        // Behind the host a way is new or gone only where every visitor's is.
        const shared = old !== undefined && at > 1 && old !== kind && rank[old] < 3 && rank[kind] < 3;
        if (old === undefined || shared || rank[kind] > rank[old]) edges.set(key, shared ? "" : kind);
      }
    }
    for (const known of columns) {
      const more = known.get(MORE);
      if (more) more.text = more.others.size === 1 ? [...more.others][0] : `and ${more.others.size} more`;
    }
    return { columns, edges };
  }

  function wrap(text, width, most) {
    const lines = [""];
    const pieces = text.match(/[^ .@:\/,_-]*[ .@:\/,_-]*/g) || [text];
    const add = (piece) => {
      const last = lines[lines.length - 1];
      if (pen.measureText((last + piece).trimEnd()).width <= width) {
        lines[lines.length - 1] = last + piece;
        return true;
      }
      return false;
    };
    for (const piece of pieces.filter(Boolean)) {
      if (add(piece)) continue;
      if (pen.measureText(piece.trimEnd()).width <= width) {
        lines.push(piece);
        continue;
      }
      if (lines[lines.length - 1]) lines.push("");
      for (const sign of piece) if (!add(sign)) lines.push(sign);
      if (lines.length > most + 1) break;
    }
    const shown = lines.map((line) => line.trimEnd()).filter(Boolean);
    if (shown.length <= most) return shown.length ? shown : [""];
    let last = shown[most - 1];
    while (last && pen.measureText(`${last}\u2026`).width > width) last = [...last].slice(0, -1).join("");
    return [...shown.slice(0, most - 1), `${last}\u2026`];
  }

  function told(title, host, ways) {
    if (!ways.length) return `${title}: nobody enters ${host}.`;
    const lines = ways.slice(0, MOST_NODES).map(([who, tunnel, service, sign]) => {
      const way = [who, host, tunnel && `tunnel ${tunnel}`, service].filter(Boolean).join(ARROW);
      return sign ? `${way} (${WORDS[sign]})` : way;
    });
    const more = ways.length - lines.length;
    return `${title}: ${lines.join("; ")}${more > 0 ? `; and ${more} more` : ""}.`;
  }

  function picture(title, host, ways, width) {
    const isWide = width > 500;
    const [LINE, PAD, GAP, TOP, SIZE] = [16, isWide ? 6 : 4, 10, 22, isWide ? 12 : 11];
    const between = isWide ? 34 : 14;
    const wide = (width - 3 * between) / 4;
    pen.font = `${SIZE}px ${getComputedStyle(document.documentElement).getPropertyValue("--mono")}`;
    const { columns, edges } = nodesOf(host, ways);
    if (!ways.length) columns[0].set("", { text: "nobody", kind: "" });
    const heights = [];
    columns.forEach((known, column) => {
      let y = TOP;
      for (const node of known.values()) {
        node.lines = wrap(node.text, wide - 2 * PAD, isWide ? 5 : 9);
        node.height = node.lines.length * LINE + 2 * PAD;
        node.x = column * (wide + between);
        node.y = y;
        y += node.height + GAP;
      }
      heights.push(known.size ? y - GAP : TOP);
    });
    const height = Math.max(...heights) + 2;
    columns.forEach((known, column) => {
      const shift = (height - 2 - heights[column]) / 2;
      for (const node of known.values()) node.y += shift;
    });
    const svg = draw("svg", {
      role: "img", "aria-label": told(title, host, ways), width, height, "font-size": SIZE,
      viewBox: `0 0 ${width} ${height}`,
    });
    ["Who", "Host", "Tunnel", "Service"].forEach((label, column) => {
      svg.append(draw("text", { class: "head", x: column * (wide + between), y: 12 }, label));
    });
    for (const [key, kind] of edges) {
      const [from, to] = JSON.parse(key).map(([column, name]) => columns[column].get(name));
      const x1 = from.x + wide, y1 = from.y + from.height / 2, x2 = to.x, y2 = to.y + to.height / 2;
      const bend = Math.min((x2 - x1) / 2, 40);
      svg.append(draw("path", {
        class: kind || null, d: `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`,
      }));
    }
    columns.forEach((known) => {
      for (const node of known.values()) {
        const box = draw("g", { class: node.kind || null }, draw("title", {}, node.text));
        box.append(draw("rect", { x: node.x + 1, y: node.y, width: wide - 2, height: node.height, rx: 4 }));
        node.lines.forEach((line, at) => {
          box.append(draw("text", { x: node.x + PAD, y: node.y + PAD + 12 + at * LINE }, line));
        });
        svg.append(box);
      }
    });
    return svg;
  }

  // -- what is shown of the selected row ----------------------------------------------------

  function detailOf(row, columns, cell) {
    const [, name, , drawings, facts, edits] = row;
    const parts = [];
    if (drawings.length) parts.push(make("div", { class: "drawings" }, ...drawings.map(([title]) =>
      make("figure", { class: "drawing" }, make("h3", {}, title)))));
    if (facts.length) parts.push(make("dl", { class: "facts" }, ...facts.flatMap(([label, texts]) => [
      make("dt", {}, label), make("dd", {}, ...texts.map((text) => make("div", {}, text)))])));
    if (edits.length) {
      const heads = [["Field", "path"], ["Before", null], ["After", null]];
      parts.push(make("table", { class: "edits" },
        make("caption", {}, `Fields of ${name}, before and after`),
        make("thead", {}, make("tr", {}, ...heads.map(([text, kind]) =>
          make("th", { scope: "col", class: kind }, text)))),
        make("tbody", {}, ...edits.map(([path, before, after]) => make("tr", {},
          make("th", { scope: "row" }, path), make("td", {}, before), make("td", {}, after))))));
    }
    cell.append(...parts);
    return () => {
      cell.querySelectorAll("figure").forEach((figure, at) => {
        const space = getComputedStyle(figure);
        const width = Math.floor(figure.clientWidth - parseFloat(space.paddingLeft) - parseFloat(space.paddingRight));
        const [title, ways] = drawings[at];
        figure.querySelector("svg")?.remove();
        figure.append(picture(title, name, ways, Math.max(width, 200)));
      });
    };
  }

  // -- a table ------------------------------------------------------------------------------

  class Table {
    constructor(spec) {
      this.spec = spec;
      this.root = document.getElementById(spec.key);
      this.from = 0;
      this.order = { column: 0, down: false };
      this.words = spec.rows.map((row) => JSON.stringify([
        row[1], row[2], row[3].map(([, ways]) => ways), row[4], row[5]]).toLowerCase());
      this.all = spec.rows.map((_, at) => at).sort((one, other) => this.compare(one, other));
      this.build();
      this.picked = this.all[0];
      this.show();
    }

    compare(one, other) {
      const { column, down } = this.order;
      const [a, b] = [this.spec.rows[one], this.spec.rows[other]];
      const found = column === 0 ? a[0] - b[0] : collator.compare(this.text(a, column), this.text(b, column));
      return (down ? -found : found) || a[0] - b[0] || collator.compare(a[1], b[1]);
    }

    text(row, column) {
      return column === 1 ? row[1] : row[2][column - 2].map(([, text]) => text).join(" ");
    }

    build() {
      const { spec, root } = this;
      const id = (part) => `${spec.key}-${part}`;
      const title = document.getElementById(`title-${spec.key}`).firstChild.textContent.trim();
      this.search = make("input", { type: "search", id: id("search"), autocomplete: "off", spellcheck: "false" });
      this.filter = make("select", { id: id("filter") }, make("option", { value: "" }, `All (${number.format(spec.rows.length)})`));
      spec.levels.forEach((level, at) => {
        const count = spec.rows.filter((row) => row[0] === at).length;
        if (count) this.filter.append(make("option", { value: at }, `${level.label} (${number.format(count)})`));
      });
      this.status = make("p", { class: "status", role: "status" });
      this.heads = [spec.level, ...spec.columns].map((label, at) => {
        const arrow = make("span", { class: "arrow", "aria-hidden": "true" });
        const button = make("button", { type: "button" }, `${label} `, arrow);
        button.addEventListener("click", () => this.sort(at));
        return make("th", { scope: "col", role: "columnheader", class: at ? null : "level" }, button);
      });
      this.body = make("tbody", { role: "rowgroup" });
      this.back = make("button", { type: "button" }, "Previous");
      this.next = make("button", { type: "button" }, "Next");
      this.pager = make("div", { class: "pager", role: "group", "aria-label": `Pages of ${title}` }, this.back, this.next);
      root.append(
        make("div", { class: "controls" },
          make("label", { class: "search", for: id("search") }, "Search", this.search),
          make("label", { for: id("filter") }, spec.level, this.filter),
          this.status),
        make("table", { role: "table" }, make("caption", {}, title),
          make("thead", { role: "rowgroup" }, make("tr", { role: "row" }, ...this.heads)), this.body),
        this.pager);
      this.search.addEventListener("input", () => this.renew());
      this.filter.addEventListener("change", () => this.renew());
      this.back.addEventListener("click", () => this.turn(-spec.size));
      this.next.addEventListener("click", () => this.turn(spec.size));
      this.body.addEventListener("keydown", (event) => this.key(event));
      // The width decides how a drawing breaks its texts.
      new ResizeObserver(() => this.redraw?.()).observe(root);
      window.addEventListener("beforeprint", () => this.show(true));
      window.addEventListener("afterprint", () => this.show());
    }

    found() {
      const asked = this.search.value.toLowerCase().split(/\s+/).filter(Boolean)
        .map((word) => JSON.stringify(word).slice(1, -1));
      const level = this.filter.value;
      return this.all.filter((at) => (level === "" || this.spec.rows[at][0] === Number(level))
        && asked.every((word) => this.words[at].includes(word)));
    }

    renew() {
      this.from = 0;
      this.show();
    }

    turn(by) {
      this.from += by;
      this.show();
      this.root.scrollIntoView();
    }

    sort(column) {
      this.order = { column, down: this.order.column === column && !this.order.down };
      this.all.sort((one, other) => this.compare(one, other));
      this.renew();
    }

    pick(at) {
      this.picked = this.picked === at ? null : at;
      this.show();
      this.body.querySelector(`button[data-row="${at}"]`)?.focus();
    }

    key(event) {
      const buttons = [...this.body.querySelectorAll("button")];
      const at = buttons.indexOf(event.target);
      const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: buttons.length - 1 }[event.key];
      if (at < 0 || to === undefined || !buttons[to]) return;
      event.preventDefault();
      buttons[to].focus();
    }

    show(whole = false) {
      const { spec } = this;
      const found = this.found();
      const last = whole ? found.length : Math.min(this.from + spec.size, found.length);
      const first = whole ? 0 : this.from;
      this.redraw = null;
      this.body.replaceChildren(...found.slice(first, last).flatMap((at) => this.lines(at)));
      const [one, many] = spec.noun;
      const range = last - first < found.length ? `${number.format(first + 1)}\u2013${number.format(last)} of ` : "";
      this.status.textContent = found.length
        ? `${range}${number.format(found.length)} ${found.length === 1 ? one : many}` : `No ${one} is like that`;
      this.heads.forEach((head, at) => {
        const sorted = this.order.column === at;
        head.setAttribute("aria-sort", sorted ? (this.order.down ? "descending" : "ascending") : "none");
        head.querySelector(".arrow").textContent = sorted ? (this.order.down ? "\u25bc" : "\u25b2") : "";
      });
      this.back.disabled = first === 0;
      this.next.disabled = last === found.length;
      this.pager.hidden = whole || found.length <= spec.size;
      this.redraw?.();
    }

    lines(at) {
      const { spec } = this;
      const [place, name, cells] = spec.rows[at];
      const level = spec.levels[place];
      const open = this.picked === at;
      const detail = `${spec.key}-detail`;
      const button = make("button", {
        type: "button", "data-row": at, "aria-expanded": open, "aria-controls": open ? detail : null,
      }, name);
      button.addEventListener("click", () => this.pick(at));
      const row = make("tr", { role: "row", class: open ? "picked" : null },
        make("td", { role: "cell" }, make("span", { class: `badge ${level.tone}` }, level.label)),
        make("th", { role: "rowheader", scope: "row", class: "name" }, button),
        ...cells.map((texts, column) => make("td", {
          role: "cell", class: "cell", "data-label": spec.columns[column + 1],
        }, ...texts.map(([sign, text]) => make("div", { class: SIGNS[sign] }, sign ? `${sign} ${text}` : text)))));
      if (!open) return [row];
      const cell = make("td", { role: "cell", class: "detail", id: detail, colspan: 2 + cells.length });
      this.redraw = detailOf(spec.rows[at], spec.columns, cell);
      return [row, make("tr", { role: "row" }, cell)];
    }
  }

  // A folded notice is printed whole.
  const folded = document.querySelectorAll("details:not([open])");
  window.addEventListener("beforeprint", () => folded.forEach((it) => { it.open = true; }));

  for (const data of document.querySelectorAll("script.data")) new Table(JSON.parse(data.textContent));
})();
