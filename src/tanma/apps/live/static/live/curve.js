// Draws figure[data-live-curve]: points come thinned to the pixels there are, and are fetched again
// for the span that is zoomed to, so that a hundred thousand readings never reach the page at once.
// Canvas, no animation; tooltips as rich text, because HTML ones need inline styles.
const WAIT_MS = 250, AGAIN_MS = 20_000;

function colours(element) {
  const css = getComputedStyle(element);
  const read = (name) => css.getPropertyValue(name).trim();
  return { ink: read("--ink"), ink2: read("--ink-2"), line: read("--line"), paper: read("--paper"), brand: read("--brand"),
    sans: read("--sans"), num: "Num, " + read("--sans"),
    series: ["--accent", "--series", "--series-4", "--series-2", "--series-5", "--series-3"].map(read) };
}

const text = (value) => (value === null || value === undefined ? "—"
  : Number(value).toLocaleString("en-US", { maximumSignificantDigits: 7 }));

function options(c, data, zone, span) {
  const units = [...new Set(data.series.map((s) => s.unit))];
  // one colour a channel; what the meter said is dotted, an earlier span dashed
  const line = { used: [1.6, "solid", 1], measured: [1.4, "dotted", 0.9], before: [1.2, [4, 3], 0.75] };
  const colour = (s) => c.series[s.of % c.series.length];
  const clock = new Intl.DateTimeFormat("zh-CN", { timeZone: zone, hourCycle: "h23", year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit" });
  return {
    animation: false, textStyle: { fontFamily: c.sans, color: c.ink2 },
    grid: { left: 8, right: 16, top: 40, bottom: 56, containLabel: true },
    legend: { top: 4, type: "scroll", textStyle: { color: c.ink2, fontFamily: c.sans } },
    tooltip: { trigger: "axis", renderMode: "richText", confine: true, backgroundColor: c.ink, borderWidth: 0,
      textStyle: { color: c.paper, fontFamily: c.sans, fontSize: 13 },
      formatter: (items) => [clock.format(items[0].value[0]), ...items.map((i) => `${i.seriesName}  ${text(i.value[1])} ${data.series[i.seriesIndex].unit}`)].join("\n") },
    xAxis: { type: "time", min: span[0], max: span[1], axisLine: { lineStyle: { color: c.line } }, axisLabel: { color: c.ink2, fontFamily: c.num, hideOverlap: true } },
    yAxis: units.slice(0, 2).map((unit, i) => ({ type: "value", name: unit, position: i ? "right" : "left", scale: i > 0,
      nameTextStyle: { color: c.ink2 }, splitLine: { show: i === 0, lineStyle: { color: c.line } }, axisLabel: { color: c.ink2, fontFamily: c.num } })),
    dataZoom: [{ type: "inside", filterMode: "none" }, { type: "slider", height: 22, bottom: 8, filterMode: "none", showDataShadow: false, borderColor: c.line, textStyle: { color: c.ink2 } }],
    series: data.series.map((s) => ({ type: "line", name: s.name, data: s.points, showSymbol: false, connectNulls: false,
      yAxisIndex: Math.max(Math.min(units.indexOf(s.unit), 1), 0),
      lineStyle: { width: line[s.drawn][0], type: line[s.drawn][1], color: colour(s), opacity: line[s.drawn][2] },
      itemStyle: { color: colour(s) }, large: true })),
  };
}

class Curve {
  constructor(figure) {
    this.figure = figure;
    this.given = JSON.parse(document.getElementById(figure.dataset.liveCurve).textContent);
    this.state = figure.querySelector("[data-live-state]");
    this.canvas = figure.querySelector(".canvas");
    figure.classList.add("drawn");
    this.chart = window.echarts.init(this.canvas, null, { renderer: "canvas" });
    this.full = [this.given.begin, this.given.end];
    this.zoomed = null;
    new ResizeObserver(() => this.chart.resize()).observe(this.canvas);
    this.chart.on("datazoom", () => this.later());
  }

  address(span) {
    const url = new URL(this.given.url, location.href);
    url.searchParams.set("width", Math.round(this.canvas.clientWidth));
    if (span) { url.searchParams.set("from", Math.round(span[0])); url.searchParams.set("to", Math.round(span[1])); }
    return url;
  }

  async load(span) {
    this.state.textContent = this.given.waiting;
    const mine = (this.asked = {});
    const answer = await fetch(this.address(span), { headers: { Accept: "application/json" } });
    if (mine !== this.asked) return;
    if (!answer.ok) { this.state.textContent = String(answer.status); return; }
    const data = await answer.json();
    if (!span) this.full = [data.begin, data.end];
    const empty = data.series.every((s) => s.points.length === 0);
    this.state.textContent = empty ? this.given.empty : "";
    const option = options(colours(this.figure), data, this.given.zone, this.full);
    if (span) delete option.dataZoom;
    this.chart.setOption(option, span ? { replaceMerge: ["series"] } : true);
    this.figure.dataset.points = data.series.reduce((n, s) => n + s.points.length, 0);
    document.documentElement.dataset.charts = "ready";
  }

  later() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      const zoom = this.chart.getOption().dataZoom[0];
      const [low, high] = this.full, at = (share) => low + ((high - low) * share) / 100;
      this.zoomed = zoom.start <= 0.01 && zoom.end >= 99.99 ? null : [at(zoom.start), at(zoom.end)];
      this.load(this.zoomed);
    }, WAIT_MS);
  }
}

if (window.echarts) {
  await document.fonts.ready;
  for (const figure of document.querySelectorAll("[data-live-curve]")) {
    const curve = new Curve(figure);
    await curve.load(null);
    if (curve.given.now) setInterval(() => { if (!document.hidden && !curve.zoomed) curve.load(null); }, AGAIN_MS);
  }
}
