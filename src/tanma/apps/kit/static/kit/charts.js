// Draws every figure[data-kit-chart] from its JSON with ECharts (window.echarts, loaded before).
// Colours come from the tokens, so light page and dark wall share one code. Saturated colour is
// used for grades only. Tooltips are drawn as rich text: HTML ones need inline styles.
const figures = new Map();

function palette(element) {
  const css = getComputedStyle(element);
  const read = (name) => css.getPropertyValue(name).trim();
  const rem = parseFloat(getComputedStyle(document.documentElement).fontSize) / 16;
  const wall = document.body.classList.contains("stage");
  return {
    read,
    grade: (g) => read("--g" + g), onGrade: (g) => read("--on-g" + g),
    ink: read("--ink"), ink2: read("--ink-2"), ink3: read("--ink-3"), line: read("--line"),
    width: element.clientWidth, height: element.querySelector(".canvas").clientHeight, paper: read("--paper"), accent: read("--accent"), target: read("--target"),
    series: ["--series", "--series-2", "--series-4", "--series-5", "--series-3"].map(read),
    sans: read("--sans"), num: "Num, " + read("--sans"),
    px: (n) => Math.round(n * (wall ? rem : Math.max(1, rem))),
    small: wall ? 15 : 12.5, strong: wall ? 16 : 13.5,
  };
}

const minus = (text) => text.replace("-", "−"); // as in tables
const formatter = (digits) => (value) => value === null || value === undefined || Number.isNaN(value)
  ? "—"
  : minus(Number(value).toLocaleString("en-US", digits === null || digits === undefined
    ? { maximumFractionDigits: 6 }
    : { minimumFractionDigits: digits, maximumFractionDigits: digits }));

function tooltip(p, data) {
  return {
    trigger: data.kind === "range" ? "item" : "axis", renderMode: "richText", confine: true,
    backgroundColor: p.ink, borderWidth: 0, padding: [8, 12],
    axisPointer: { type: "shadow", shadowStyle: { color: p.ink, opacity: 0.06 } },
    textStyle: { color: p.paper, fontFamily: p.sans, fontSize: p.px(13) },
    formatter: (items) => {
      const list = Array.isArray(items) ? items : [items];
      const index = list[0].dataIndex;
      const rows = data.series.map((s) =>
        `${s.name}  ${formatter(s.digits)(s.values[index])}${s.unit ? " " + s.unit : ""}`);
      return [data.categories[index], ...rows].join("\n");
    },
  };
}

function categoryAxis(p, data) {
  return {
    type: "category", data: data.categories, inverse: data.horizontal || data.kind === "range",
    axisTick: { show: false }, axisLine: { lineStyle: { color: p.line } },
    axisLabel: {
      color: p.ink2, fontFamily: data.horizontal ? p.sans : p.num, fontSize: p.px(p.small),
      // rows of a lying chart are all named; names get two fifths of the width at most
      hideOverlap: !data.horizontal, interval: data.horizontal ? 0 : undefined,
      width: data.horizontal ? Math.max(p.px(100), Math.min(p.px(195), p.width * 0.46)) : undefined,
      overflow: "truncate",
    },
  };
}

function valueAxis(p, data, axis) {
  const own = data.series.filter((s) => s.axis === axis);
  return {
    type: "value", scale: own.every((s) => s.draw === "line"), position: axis === 1 ? "right" : undefined,
    min: data.kind === "share" ? 0 : undefined, max: data.kind === "share" ? 100 : undefined,
    splitNumber: 4, splitLine: { show: axis === 0, lineStyle: { color: p.line } },
    axisLabel: { color: p.ink2, fontFamily: p.num, fontSize: p.px(p.small) },
  };
}

const NICE = [1, 1.5, 2, 2.5, 3, 4, 5, 10];
function niceStep(raw) {
  const power = 10 ** Math.floor(Math.log10(raw));
  return NICE.find((n) => n * power >= raw * 0.999999) * power;
}

/** Bars and a line on two axes: bars keep the lower half, the line the upper, six steps each, so
 *  that grid lines serve both and nothing is drawn over anything. Only used steps are labelled. */
function layered(valueAxes, data) {
  const target = (axis) => (data.target && data.target.axis === axis ? [data.target.value] : []);
  const known = (axis) => data.series.filter((s) => s.axis === axis).flatMap((s) => s.values).concat(target(axis)).filter((v) => v !== null);
  const [bars, line] = [known(0), known(1)];
  if (!bars.length || !line.length) return;
  const step = niceStep(Math.max(...bars) / 3);
  Object.assign(valueAxes[0], { min: 0, max: step * 6, interval: step });
  valueAxes[0].axisLabel.formatter = (v) => (v <= step * 3.01 ? v.toLocaleString("en-US") : "");
  const [low, high] = [Math.min(...line), Math.max(...line)];
  const fine = niceStep((high - low || Math.abs(high) * 0.1 || 1) / 1.6);
  const top = Math.ceil(high / fine + 0.2) * fine;
  Object.assign(valueAxes[1], { scale: false, min: top - 6 * fine, max: top, interval: fine });
  valueAxes[1].axisLabel.formatter = (v) => (v >= top - 2.51 * fine ? String(Number(v.toPrecision(6))) : "");
}

function legendText(data, name) {
  const series = data.series.find((s) => s.name === name);
  const right = data.series.some((s) => s.axis !== series.axis) ? (series.axis === 1 ? " →" : " ←") : "";
  const shared = data.kind === "share" || data.series.every((s) => s.unit === series.unit && s.grade);
  return name + (series.unit && !shared ? ` ${series.unit}` : "") + right;
}

function colour(p, series, index, data) {
  if (series.grade) return p.grade(series.grade);
  if (series.unknown) return p.paper;
  return series.draw === "line" && data.series.some((s) => s.draw === "bar")
    ? p.accent : p.series[index % p.series.length];
}

/** Thin slanting lines on the ground of the page. */
function hatching(p) {
  return { symbol: "rect", symbolSize: 1, rotation: Math.PI / 4, color: p.line, dashArrayX: [1, 0], dashArrayY: [p.px(2), p.px(4)] };
}

function shares(data) {
  const sums = data.categories.map((_, i) =>
    data.series.reduce((sum, s) => sum + (s.values[i] ?? 0), 0));
  return data.series.map((s) => s.values.map((v, i) => (v === null || !sums[i] ? null : (v / sums[i]) * 100)));
}

function oneSeries(p, data, series, index, values) {
  const last = data.categories.length - 1;
  const stacked = data.kind === "stacked" || data.kind === "share";
  const graded = index === data.series.length - 1 && data.grades.length > 0;
  const main = colour(p, series, index, data);
  const line = series.draw === "line";
  return {
    type: line ? "line" : "bar", name: series.name, stack: stacked && !line ? "all" : undefined,
    yAxisIndex: data.horizontal ? 0 : series.axis, xAxisIndex: 0,
    data: values.map((value, i) => {
      const g = graded ? data.grades[i] : null;
      return g ? { value, itemStyle: { color: p.grade(g), borderColor: p.ink, borderWidth: line ? 1.2 : 0 } } : value;
    }),
    itemStyle: {
      color: main, borderColor: series.unknown ? p.line : stacked ? p.paper : undefined, borderWidth: stacked ? 1 : 0,
      decal: series.unknown ? hatching(p) : undefined,
      borderRadius: stacked || line ? 0 : data.horizontal ? [0, 3, 3, 0] : [3, 3, 0, 0] },
    barMaxWidth: p.px(data.horizontal ? 18 : 34), barCategoryGap: "34%",
    symbol: "circle", symbolSize: p.px(graded ? 13 : 6), lineStyle: { color: graded ? p.ink3 : main, width: line ? 2.5 : 0 },
    connectNulls: false, labelLayout: { hideOverlap: true },
    label: label(p, data, series, stacked, graded, last),
    markLine: index === 0 ? marks(p, data) : undefined,
  };
}

/** Whether a share's figure fits into its part of the bar: under the legend, above the axis. */
function roomy(p, data, share) {
  const plot = p.height - p.px(34) - p.px(p.small) * 2;
  return (plot * share) / 100 > p.px(p.small) * 1.15 && p.width / data.categories.length > p.px(44);
}

function label(p, data, series, stacked, graded, last) {
  const base = { fontFamily: p.num, fontWeight: 600, fontSize: p.px(p.strong) };
  if (data.kind === "share" && series.grade) {
    return { ...base, show: true, position: "inside", color: p.onGrade(series.grade), fontSize: p.px(p.small),
      formatter: (item) => (roomy(p, data, item.value) ? Math.round(item.value) + "%" : "") };
  }
  if (stacked) return { show: false };
  const few = data.categories.length <= 12;
  if (graded || (data.horizontal && few)) {
    return { ...base, show: true, position: data.horizontal ? "right" : "top", color: p.ink,
      formatter: (item) => formatter(series.digits)(series.values[item.dataIndex]) };
  }
  return { ...base, show: series.draw === "line", position: "top", color: p.ink, backgroundColor: p.paper, padding: [1, 3],
    formatter: (item) => (item.dataIndex === last ? formatter(series.digits)(item.value) : "") };
}

function marks(p, data) {
  const lines = [];
  if (data.target) lines.push({ [data.horizontal ? "xAxis" : "yAxis"]: data.target.value, name: data.target.name });
  if (data.reference !== null) lines.push({ [data.horizontal ? "xAxis" : "yAxis"]: data.reference, name: "" });
  if (!lines.length) return undefined;
  // ECharts rounds marked values to two decimals unless told otherwise
  return { silent: true, symbol: "none", precision: 12, data: lines, lineStyle: { color: p.target, type: [5, 4], width: 1.5 },
    // its name and value stand in the caption, where they cover no point
    label: { show: false } };
}

function rangeSeries(p, data) {
  const [low, high, value, best] = data.series;
  const bar = (params, api) => {
    const start = api.coord([api.value(0), api.value(1)]);
    const end = api.coord([api.value(2), api.value(1)]);
    const h = p.px(10);
    return { type: "rect", shape: { x: start[0], y: start[1] - h / 2, width: Math.max(end[0] - start[0], 2), height: h, r: h / 2 },
      style: { fill: p.series[4] } };
  };
  const pairs = (s) => s.values.map((v, i) => [v, i]);
  const out = [{ type: "custom", name: high.name, renderItem: bar,
    data: low.values.map((v, i) => [v, i, high.values[i]]), encode: { x: [0, 2], y: 1 } }];
  if (best) {
    out.push({ type: "scatter", name: best.name, symbol: "diamond", symbolSize: p.px(12), z: 4, data: pairs(best),
      itemStyle: { color: p.paper, borderColor: p.series[1], borderWidth: 2.5 } });
  }
  out.push({ type: "scatter", name: value.name, symbol: "circle", symbolSize: p.px(16), z: 5,
    data: value.values.map((v, i) => ({ value: [v, i], itemStyle: {
      color: data.grades[i] ? p.grade(data.grades[i]) : p.accent, borderColor: p.paper, borderWidth: 2 } })),
    label: { show: true, position: "right", distance: 6, color: p.ink, fontFamily: p.num, fontWeight: 600, fontSize: p.px(p.strong),
      backgroundColor: p.paper, borderRadius: 4, padding: [2, 4], formatter: (item) => formatter(value.digits)(item.value[0]) },
    markLine: data.reference === null ? undefined : { silent: true, symbol: "none", label: { show: false },
      lineStyle: { color: p.ink2, type: [4, 4], width: 1.5 }, data: [{ xAxis: data.reference }] } });
  return out;
}

function legend(p, data) {
  return { show: data.kind !== "range" && data.series.length > 1, top: 0, right: 0, itemWidth: p.px(14), itemHeight: p.px(10),
    itemGap: p.px(14), textStyle: { color: p.ink2, fontFamily: p.sans, fontSize: p.px(p.small) }, type: "scroll",
    formatter: (name) => legendText(data, name),
    pageIconColor: p.ink2, pageTextStyle: { color: p.ink2 } };
}

export function options(element, data) {
  const p = palette(element);
  const values = data.kind === "share" ? shares(data) : data.series.map((s) => s.values);
  const lying = data.horizontal || data.kind === "range";
  const spare = { ...data, horizontal: lying };
  const axes = data.series.some((s) => s.axis === 1) && !lying ? [0, 1] : [0];
  const valueAxes = axes.map((axis) => valueAxis(p, spare, axis));
  if (axes.length === 2) layered(valueAxes, data);
  if (data.kind === "share") valueAxes[0].show = false;
  if (data.kind === "range") valueAxes[0].scale = true;
  const legendShown = data.series.length > 1 && data.kind !== "range";
  return {
    animation: false, textStyle: { fontFamily: p.sans, color: p.ink2 },
    aria: { enabled: true, label: { description: data.summary || data.title } },
    grid: { left: 2, right: lying ? p.px(64) : p.px(10), bottom: 2, containLabel: true,
      top: p.px(legendShown ? 34 : lying ? 6 : 22) },
    legend: legend(p, data), tooltip: tooltip(p, data),
    [lying ? "yAxis" : "xAxis"]: categoryAxis(p, spare),
    [lying ? "xAxis" : "yAxis"]: valueAxes,
    series: data.kind === "range" ? rangeSeries(p, data)
      : data.series.map((s, i) => oneSeries(p, spare, s, i, values[i])),
  };
}

function draw(figure) {
  const canvas = figure.querySelector(".canvas");
  const data = JSON.parse(document.getElementById(figure.dataset.kitChart).textContent);
  figure.classList.add("drawn");
  const chart = window.echarts.init(canvas, null, { renderer: "svg" });
  chart.setOption(options(figure, data));
  figures.set(figure, chart);
  new ResizeObserver(() => { chart.resize(); chart.setOption(options(figure, data)); }).observe(canvas);
}

export function drawAll(root = document) {
  root.querySelectorAll("[data-kit-chart]").forEach((figure) => { if (!figures.has(figure)) draw(figure); });
  for (const [figure, chart] of figures) if (!figure.isConnected) { chart.dispose(); figures.delete(figure); }
}

if (window.echarts) {
  await document.fonts.ready;
  drawAll();
  document.addEventListener("htmx:after:swap", () => drawAll());
  document.documentElement.dataset.charts = "ready";
}
