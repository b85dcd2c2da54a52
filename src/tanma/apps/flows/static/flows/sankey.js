// Draws every figure[data-flows-sankey] from its JSON with ECharts. Node colours are blue-grey by kind;
// what nobody accounts for is hatched by its lighter tone and named. Tooltips are rich text.

function colours(element) {
  const css = getComputedStyle(element);
  const read = (name) => css.getPropertyValue(name).trim();
  const [strong, mid, soft, pale] = ["--series", "--series-2", "--series-5", "--series-3"].map(read);
  return {
    kinds: {
      bought: strong, own: read("--accent"), drawn: read("--accent"), carrier: mid, conversion: mid,
      metered: soft, device: pale, burnt: soft, feedstock: soft, stored: soft, sold: soft, made: mid,
      loss: read("--line"), difference: read("--line"), deficit: read("--line"),
    },
    ink: read("--ink"), paper: read("--paper"), sans: read("--sans"), line: read("--line-strong"),
  };
}

function options(figure, data) {
  const c = colours(figure);
  const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
  const name = (i) => data.nodes[i].name;
  const total = data.nodes.map((_, i) => Math.max(
    data.links.filter((l) => l.source === i).reduce((s, l) => s + l.value, 0),
    data.links.filter((l) => l.target === i).reduce((s, l) => s + l.value, 0)));
  const shown = (v) => v.toLocaleString("en-US", { maximumSignificantDigits: 5 });
  return {
    animation: false, aria: { enabled: true, label: { description: data.summary } },
    tooltip: {
      renderMode: "richText", confine: true, backgroundColor: c.ink, borderWidth: 0,
      textStyle: { color: c.paper, fontFamily: c.sans, fontSize: 0.8125 * rem },
      formatter: (p) => p.dataType === "edge"
        ? `${name(+p.data.source)} → ${name(+p.data.target)}\n${data.links[p.dataIndex].text} ${data.unit}`
        : `${name(p.dataIndex)}\n${shown(total[p.dataIndex])} ${data.unit}`,
    },
    series: [{
      type: "sankey", left: 8, right: 11 * rem, top: 8, bottom: 8, nodeGap: 14, nodeWidth: 14, draggable: false,
      emphasis: { focus: "adjacency" }, layoutIterations: 64, nodeAlign: "justify",
      data: data.nodes.map((n, i) => ({
        name: String(i),
        itemStyle: { color: c.kinds[n.kind], borderColor: c.line, borderWidth: n.kind === "difference" || n.kind === "deficit" || n.kind === "loss" ? 1 : 0 },
      })),
      links: data.links.map((l) => ({ source: String(l.source), target: String(l.target), value: l.value })),
      lineStyle: { color: "source", opacity: 0.28, curveness: 0.5 },
      label: {
        color: c.ink, fontFamily: c.sans, fontSize: 0.8125 * rem, width: 10.5 * rem, overflow: "truncate",
        formatter: (p) => `${name(p.dataIndex)}  ${shown(total[p.dataIndex])}`,
      },
    }],
  };
}

function draw(figure) {
  const data = JSON.parse(document.getElementById(figure.dataset.flowsSankey).textContent);
  const canvas = figure.querySelector(".canvas");
  const chart = window.echarts.init(canvas, null, { renderer: "svg" });
  chart.setOption(options(figure, data));
  figure.classList.add("drawn");
  new ResizeObserver(() => { chart.resize(); chart.setOption(options(figure, data)); }).observe(canvas);
}

if (window.echarts) {
  await document.fonts.ready;
  document.querySelectorAll("[data-flows-sankey]").forEach(draw);
  document.documentElement.dataset.charts = "ready";
}
