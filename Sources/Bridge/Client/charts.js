// Charts as SVG, as wide as their place. Colours and widths stand in the style sheet; a chart says its numbers as text too.

import { h, svg } from './dom.js'
import { number } from './parts.js'

/// Round values between two bounds, about `count` of them.
export function ticks(low, high, count = 4) {
  const rough = (high - low || Math.abs(high) || 1) / count
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = power * ([1, 2, 2.5, 5, 10].find((factor) => factor * power >= rough) ?? 10)
  const marks = []
  for (let mark = Math.ceil(low / step) * step; mark <= high + step / 1e6; mark += step) marks.push(Number(mark.toPrecision(12)))
  return marks
}

/// What a point looks like: its state by shape as well as colour.
const shapes = {
  pass: (x, y) => svg('circle', { cx: x, cy: y, r: 4.5 }),
  warning: (x, y) => svg('path', { d: `M${x} ${y - 5.5}l5.5 10h-11z` }),
  fail: (x, y) => svg('path', { d: `M${x - 4.5} ${y - 4.5}h9v9h-9z` }),
  info: (x, y) => svg('circle.hollow', { cx: x, cy: y, r: 4 }),
}

/// A line through points, with the limits that counted at each of them.
/// - points: [{value | null, label, kind, title, isChosen, onclick}], oldest first.
/// - limits: [{name, kind: 'pass' | 'warning', values: [number | null], one for each point}].
export function lineChart({ points, limits = [], label, width, height = 240, unit = '' }) {
  const values = points.map((point) => point.value).filter((value) => value !== null)
  if (values.length === 0) return h('p.quiet', 'None of these evaluations has a value for it.')
  const top = Math.max(...values)
  // A limit far above all values would press them flat; it is named instead of drawn.
  const isNear = (value) => value <= Math.max(top, 0) * 2.5 || top <= 0
  const drawn = limits.filter((limit) => limit.values.some((value) => value !== null && isNear(value)))
  const far = limits.filter((limit) => !drawn.includes(limit))
  const all = [...values, ...drawn.flatMap((limit) => limit.values.filter((value) => value !== null && isNear(value)))]
  const low = Math.min(0, ...all)
  const high = Math.max(...all) === low ? low + 1 : Math.max(...all) * 1.06
  const marks = ticks(low, high)
  const [left, right, bottom, above] = [58, 16, 26, 12]
  const x = (index) => points.length === 1 ? (left + width - right) / 2 : left + (index / (points.length - 1)) * (width - left - right)
  const y = (value) => above + (1 - (value - low) / (high - low)) * (height - above - bottom)
  const room = Math.max(60, 14 + 6.6 * Math.max(...points.map((point) => point.label.length)))
  const every = Math.ceil(points.length / Math.max(1, Math.floor((width - left) / room)))
  const isLabelled = points.map((point, index) => index % every === 0 && point.label !== points[index - every]?.label)
  return h('figure.chart',
    svg('svg', { viewBox: `0 0 ${width} ${height}`, width, height, role: 'img', 'aria-label': `${label}: ${values.length} values from ${number(Math.min(...values))} to ${number(top)}${unit}` },
      marks.map((mark) => [
        svg('line.grid', { x1: left, x2: width - right, y1: y(mark), y2: y(mark) }),
        svg('text.axis.end', { x: left - 8, y: y(mark) + 4 }, number(mark)),
      ]),
      points.map((point, index) => isLabelled[index] && svg('text.axis', { class: index === points.length - 1 && index > 0 ? 'end' : 'middle', x: x(index) + (index === points.length - 1 && index > 0 ? 8 : 0), y: height - 8 }, point.label)),
      drawn.map((limit) => svg('path', { class: dashes(drawn, limit), d: path(limit.values.map((value) => value !== null && isNear(value) ? value : null), x, y) }, svg('title', limit.name))),
      svg('path.line', { d: path(points.map((point) => point.value), x, y) }),
      points.map((point, index) => point.value !== null && svg('g.point', {
        class: `point-${point.kind}${point.isChosen ? ' chosen' : ''}`, onclick: point.onclick,
      },
      point.isChosen && svg('line.cursor', { x1: x(index), x2: x(index), y1: above, y2: height - bottom }),
      (shapes[point.kind] ?? shapes.info)(x(index), y(point.value)),
      svg('rect.touch', { x: x(index) - 9, y: y(point.value) - 9, width: 18, height: 18 }), svg('title', point.title)))),
    limits.length > 0 && h('figcaption.legends',
      drawn.map((limit) => h('span.legend', svg('svg', { width: 26, height: 8, 'aria-hidden': 'true' }, svg('path', { class: dashes(drawn, limit), d: 'M0 4h26' })), limit.name)),
      far.length > 0 && h('span.quiet', `${far.map((limit) => limit.name).join(', ')}: beyond what is drawn`)))
}

/// How a limit is drawn: its kind has a colour, and those of a kind have different dashes.
const dashes = (all, limit) =>
  `limit limit-${limit.kind} ${['', 'second', 'third'][all.filter((one) => one.kind === limit.kind).indexOf(limit)] ?? ''}`

/// A line through values; it breaks where there is none.
function path(values, x, y) {
  let text = ''
  let isDrawing = false
  values.forEach((value, index) => {
    if (value === null) { isDrawing = false; return }
    text += `${isDrawing ? 'L' : 'M'}${x(index).toFixed(1)} ${y(value).toFixed(1)}`
    isDrawing = true
  })
  return text
}
