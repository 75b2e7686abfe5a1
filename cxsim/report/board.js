// Two panels of the explorer, drawn with plotly.js, which the kernel sends as text.
// The firm in focus has its colour, rivals are grey; baseline dashed, what-if solid, A dotted.

const GREY = "#6b7280", PALE = "#9aa1a9", A_INK = "#1c1f23", LETTER = 6.2, LINE = 12;

// Loaded after the module itself, for which anywidget waits two seconds only.
let plotly = null;
function library(text) {
  if (!plotly) {
    const module = `const module = {exports: {}};\n${text}\nexport default module.exports;`;
    const address = URL.createObjectURL(new Blob([module], { type: "text/javascript" }));
    plotly = import(/* webpackIgnore: true */ address).then((loaded) => loaded.default);
  }
  return plotly;
}

function floats(view) {
  return new Float32Array(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength));
}

function rgba(hex, alpha) {
  const [r, g, b] = [1, 3, 5].map((k) => parseInt(hex.slice(k, k + 2), 16));
  return `rgba(${r},${g},${b},${alpha})`;
}

// Move labels apart that would overlap: heights in pixels from the bottom, in any order.
function apart(heights, room) {
  const order = heights.map((_, k) => k).sort((a, b) => heights[a] - heights[b]);
  const placed = heights.slice();
  for (let k = 1; k < order.length; k++)
    placed[order[k]] = Math.max(placed[order[k]], placed[order[k - 1]] + LINE);
  let top = room;
  for (let k = order.length - 1; k >= 0; k--) {
    placed[order[k]] = Math.min(placed[order[k]], top);
    top = placed[order[k]] - LINE;
  }
  return placed;
}

function short(text, letters) {
  return text.length > letters ? text.slice(0, letters - 1) + "…" : text;
}

function picture(still, moving, width, height) {
  const firms = still.firms, count = still.panels.length, beside = width > 560;
  const before = floats(still.values), after = floats(moving.values), band = floats(moving.band);
  const kept = moving.kept ? floats(moving.kept) : null;
  const periods = before.length / (count * firms.length);
  const x = Array.from({ length: periods }, (_, t) => t);
  const at = (values, panel, firm) =>
    x.map((t) => values[(panel * periods + t) * firms.length + firm]);
  const names = firms.map((name) => short(name, 14));
  const right = 8 + LETTER * Math.max(...names.map((name) => name.length));
  const head = 18, left = 42;
  const columns = beside ? count : 1, rows = beside ? 1 : count;
  const cell = [width / columns, height / rows];
  const traces = [], layout = {
    width, height, margin: { l: 0, r: 0, t: 0, b: 0 }, showlegend: false, hovermode: "closest",
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", shapes: [], annotations: [],
    font: { family: "system-ui, sans-serif", size: 11, color: "#1c1f23" },
  };
  for (let p = 0; p < count; p++) {
    const titled = beside || p === count - 1, foot = titled ? 32 : 16;
    const mark = p ? p + 1 : "", column = p % columns, row = Math.floor(p / columns);
    const box = {
      l: column * cell[0] + left, r: (column + 1) * cell[0] - right,
      t: row * cell[1] + head, b: (row + 1) * cell[1] - foot,
    };
    const axes = { xaxis: `x${mark}`, yaxis: `y${mark}` };
    const line = (y, style, name, hover = true) => traces.push({
      type: "scatter", mode: "lines", x, y, line: style, name, ...axes,
      hoverinfo: hover ? undefined : "skip",
      hovertemplate: hover ? `${name}, ${still.period.toLowerCase()} %{x}: %{y:.4~g}<extra></extra>` : undefined,
    });
    const every = [];
    const keep = (values) => { every.push(...values.filter(Number.isFinite)); return values; };
    const part = (values, row) => keep(x.map((t) => values[(p * 2 + row) * periods + t]));
    const color = still.color;
    line(part(band, 0), { width: 0 }, "", false);
    line(part(band, 1), { width: 0 }, "", false);
    Object.assign(traces[traces.length - 1], { fill: "tonexty", fillcolor: rgba(color, 0.18) });
    const order = firms.map((_, f) => f).filter((f) => f !== still.focus).concat(still.focus);
    const ends = [];
    for (const f of order) {
      const mine = f === still.focus;
      if (moving.changed)
        line(keep(at(before, p, f)), { color: mine ? color : PALE, width: mine ? 1.6 : 1, dash: "dash" }, `${firms[f]}, baseline`);
      const y = keep(at(after, p, f));
      line(y, { color: mine ? color : GREY, width: mine ? 2.6 : 1.2 }, moving.changed ? `${firms[f]}, what-if` : firms[f]);
      ends[f] = y[periods - 1];
    }
    if (kept)
      line(keep(x.map((t) => kept[p * periods + t])), { color: A_INK, width: 1.6, dash: "dot" }, `${firms[still.focus]}, A`);
    const low = Math.min(...every), high = Math.max(...every), pad = 0.05 * (high - low || 1);
    const range = [low - pad, high + pad], tall = Math.max(box.b - box.t, 1);
    layout[`xaxis${mark}`] = {
      domain: [box.l / width, box.r / width], anchor: `y${mark}`, range: [0, Math.max(periods - 1, 1)],
      title: { text: titled ? still.period : "", standoff: 2 }, showgrid: false, zeroline: false, ticks: "outside", ticklen: 3,
      linecolor: "#c3c9cf", showline: true, nticks: 7, fixedrange: true,
    };
    layout[`yaxis${mark}`] = {
      domain: [1 - box.b / height, 1 - box.t / height], anchor: `x${mark}`, range,
      gridcolor: "#e6e9ec", zeroline: low < 0, zerolinecolor: "#9aa1a9", nticks: Math.max(2, Math.min(6, Math.floor(tall / 18))), fixedrange: true,
    };
    layout.annotations.push({
      text: `<b>${still.panels[p]}</b>`, x: (box.l - left + 4) / width, y: 1 - (box.t - head) / height,
      xref: "paper", yref: "paper", xanchor: "left", yanchor: "top", showarrow: false,
    });
    const scale = (value) => ((value - range[0]) / (range[1] - range[0])) * tall;
    const placed = apart(ends.map((value) => (Number.isFinite(value) ? scale(value) : 0)), tall);
    names.forEach((text, f) => Number.isFinite(ends[f]) && layout.annotations.push({
      text: f === still.focus ? `<b>${text}</b>` : text, x: box.r / width + 4 / width,
      y: 1 - box.b / height + placed[f] / height, xref: "paper", yref: "paper", xanchor: "left",
      yanchor: "middle", showarrow: false, font: { color: f === still.focus ? still.ink : "#4b5563" },
    }));
    for (const [when, text] of moving.events) {
      layout.shapes.push({
        type: "line", x0: when, x1: when, y0: 1 - box.b / height, y1: 1 - box.t / height,
        xref: `x${mark}`, yref: "paper", line: { color: GREY, width: 1, dash: "dot" },
      });
      if (!p)
        layout.annotations.push({
          text: short(text, 28), x: when, y: 1 - box.t / height, xref: "x", yref: "paper",
          xanchor: when > periods / 2 ? "right" : "left", yanchor: "top", showarrow: false,
          font: { size: 10, color: "#4b5563" }, bgcolor: "rgba(255,255,255,0.7)",
        });
    }
  }
  return [traces, layout];
}

// Sliders of ipywidgets have no accessible name of their own: give each that of its label.
function name(panel) {
  for (const slider of panel.querySelectorAll(".widget-slider")) {
    const label = slider.querySelector(".widget-label"), handle = slider.querySelector(".noUi-handle");
    if (label && handle && handle.getAttribute("aria-label") !== label.textContent)
      handle.setAttribute("aria-label", label.textContent);
  }
}

function render({ model, el }) {
  const box = document.createElement("div");
  box.className = "cx-pictures";
  box.setAttribute("role", "img");
  el.classList.add("cx-board");
  el.append(box);
  let drawn = "", Plotly = null;
  const draw = () => {
    const width = el.clientWidth, height = el.clientHeight, moving = model.get("moving");
    if (!Plotly || width < 60 || height < 60 || !moving || !moving.values) return;
    box.setAttribute("aria-label", moving.said);
    Plotly.react(box, ...picture(model.get("still"), moving, width, height), { displayModeBar: false });
    drawn = `${width} ${height}`;
  };
  const changes = ["change:still", "change:moving"];
  changes.forEach((change) => model.on(change, draw));
  const sizes = new ResizeObserver(() => drawn !== `${el.clientWidth} ${el.clientHeight}` && draw());
  sizes.observe(el);
  let watch = null;
  requestAnimationFrame(() => {
    const panel = el.closest(".cx-bench");
    if (!panel) return;
    watch = new MutationObserver(() => name(panel));
    watch.observe(panel, { childList: true, subtree: true });
    name(panel);
  });
  library(model.get("library")).then((loaded) => { Plotly = loaded; draw(); });
  return () => {
    changes.forEach((change) => model.off(change, draw));
    sizes.disconnect();
    if (watch) watch.disconnect();
    if (Plotly) Plotly.purge(box);
  };
}

export default { render };
