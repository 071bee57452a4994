/** Charts of the results as SVG, light and dark. Bars from best to worst, ours in colour. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import * as echarts from 'echarts'

const FOLDER = new URL('../../docs/internals/charts/', import.meta.url)
const WIDTH = 860
const ROW = 22
const HEAD = 34
const GAP = 18
const SIDE = 190

const THEMES = {
  light: { text: '#1f2328', faint: '#d1d9e0', ours: '#0969da', others: '#8c959f' },
  dark: { text: '#f0f6fc', faint: '#3d444d', ours: '#4493f8', others: '#656c76' },
}

/**
 * Draws panels below each other, each with an axis of its own.
 * @param {string} name of the files
 * @param {{title: string, unit: string, digits: number, isLog: boolean, bars: {name, value, isOurs}[]}[]} panels
 * @returns {string} the picture for the document
 */
export function drawChart(name, panels, description) {
  const shown = panels.filter(({ bars }) => bars.length > 0)
  if (shown.length === 0) return ''
  mkdirSync(FOLDER, { recursive: true })
  for (const [theme, colours] of Object.entries(THEMES)) {
    const file = fileURLToPath(new URL(`${name}-${theme}.svg`, FOLDER))
    writeFileSync(file, `${render(shown, colours)}\n`)
  }
  return `<picture>
  <source media="(prefers-color-scheme: dark)" srcset="charts/${name}-dark.svg">
  <img alt="${description}" src="charts/${name}-light.svg" width="${WIDTH}">
</picture>`
}

function render(panels, colours) {
  const heights = panels.map(({ bars }) => HEAD + bars.length * ROW)
  const tops = heights.map((_, i) => sum(heights.slice(0, i)) + i * GAP)
  const size = { width: WIDTH, height: sum(heights) + (panels.length - 1) * GAP }
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, ...size })
  chart.setOption({
    animation: false,
    textStyle: { fontFamily: 'sans-serif', color: colours.text },
    title: panels.map((panel, i) => titleOf(panel, tops[i], colours)),
    grid: panels.map(({ bars }, i) => ({
      left: SIDE,
      right: 90,
      top: tops[i] + HEAD - 8,
      height: bars.length * ROW,
    })),
    xAxis: panels.map((panel, i) => valueAxis(panel, i, rangeOf(panels))),
    yAxis: panels.map((panel, i) => nameAxis(panel, i, colours)),
    series: panels.map((panel, i) => series(panel, i, colours)),
  })
  const svg = chart.renderToSVGString()
  chart.dispose()
  return svg
}

const sum = (values) => values.reduce((total, value) => total + value, 0)

const titleOf = ({ title }, top, { text }) => ({
  text: title,
  left: 0,
  top,
  textStyle: { fontSize: 14, color: text },
})

/** Panels with a logarithmic axis have the same one, so that their bars can be compared. */
function rangeOf(panels) {
  const values = panels
    .filter(({ isLog }) => isLog)
    .flatMap(({ bars }) => bars.map(({ value }) => value))
  const decade = (round, value) => 10 ** round(Math.log10(value))
  return {
    min: decade(Math.floor, Math.min(...values)),
    max: decade(Math.ceil, Math.max(...values)),
  }
}

function valueAxis({ isLog }, gridIndex, range) {
  if (!isLog) return { type: 'value', gridIndex, show: false }
  return { type: 'log', ...range, startValue: range.min, gridIndex, show: false }
}

const nameAxis = ({ bars }, gridIndex, { text, faint }) => ({
  type: 'category',
  gridIndex,
  inverse: true,
  data: bars.map(({ name }) => name),
  axisLabel: { color: text, fontSize: 12 },
  axisTick: { show: false },
  axisLine: { lineStyle: { color: faint } },
})

const series = ({ bars, unit, digits }, index, colours) => ({
  type: 'bar',
  xAxisIndex: index,
  yAxisIndex: index,
  barWidth: 14,
  data: bars.map(({ value, isOurs }) => ({
    value,
    itemStyle: { color: isOurs ? colours.ours : colours.others },
  })),
  label: {
    show: true,
    position: 'right',
    color: colours.text,
    fontSize: 12,
    formatter: ({ value }) => `${Number(value).toFixed(digits)} ${unit}`,
  },
})
