// One evaluation: its indicators with what was expected and what was measured, beside another one, and its SLO.

import { may, part, sendEvent } from '../api.js'
import { h } from '../dom.js'
import { button, dialog, duration, exact, field, icon, notify, number, select, state, table, time } from '../parts.js'

const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' })

const build = ({ labels }) => labels?.buildId ?? labels?.build

/// How people know an evaluation: by the build that was evaluated, else by its time.
export const label = (evaluation) => numbered(evaluation, build(evaluation) ?? (evaluation.time ? day.format(new Date(evaluation.time)) : '–'))

const numbered = (evaluation, name) => (evaluation.number > 1 ? `${name} (${evaluation.number})` : name)

/// Those of one build, or of one instant, get numbers, the oldest first.
export function tellApart(evaluations) {
  const counts = new Map()
  for (const one of [...evaluations].reverse()) {
    const name = build(one) ?? one.time
    one.number = (counts.get(name) ?? 0) + 1
    counts.set(name, one.number)
  }
}

/// What tells evaluations that stand together apart, as short as can be: days only where there are several, seconds only
/// where two are of one minute.
export function labelsOf(evaluations) {
  const timed = evaluations.filter((one) => build(one) === undefined && one.time)
  const count = (text) => new Set(timed.map(text)).size
  const format = new Intl.DateTimeFormat('en-GB', {
    ...(count((one) => new Date(one.time).toDateString()) > 1 ? { day: 'numeric', month: 'short' } : {}),
    hour: '2-digit', minute: '2-digit', ...(count((one) => day.format(new Date(one.time))) < timed.length ? { second: '2-digit' } : {}),
  })
  return (one) => numbered(one, build(one) ?? (one.time ? format.format(new Date(one.time)) : '–'))
}

export const scoreOf = (evaluation) => (typeof evaluation.score === 'number' ? number(Math.round(evaluation.score * 10) / 10) : '–')

export function breakdown({ page, evaluation, evaluations, slo, choose }) {
  const { project, service } = page.params
  const name = labelsOf(evaluations)
  const other = evaluations.find((one) => one.id === page.query.with && one.id !== evaluation.id)
  return h('section.evaluation', { 'aria-label': 'The chosen evaluation', 'data-key': 'evaluation' },
    h('header.head', h('h2', label(evaluation)), h('div.beside',
      state(evaluation.result ?? 'unknown'), h('span', 'score ', h('b', scoreOf(evaluation))),
      evaluation.timeStart && window(evaluation),
      h('a', { href: `project/${part(project)}/sequence/${part(evaluation.context)}` }, 'Run'),
      h('a', { href: `project/${part(project)}/sequence/${part(evaluation.context)}/event/${part(evaluation.id)}` }, 'Event')),
    h('div.actions',
      select([['', 'Compare with …'], ...evaluations.filter((one) => one.id !== evaluation.id).map((one) => [one.id, `${name(one)} (${scoreOf(one)})`])],
        other?.id, (id) => choose(page, evaluation, { with: id }), { 'aria-label': 'Compare with another evaluation' }),
      may('events:write') && evaluation.triggeredID && !evaluation.invalidated && button('Ignore for comparison', () => invalidate(page, evaluation), { title: 'Later evaluations are not compared with this one any more' }))),
    evaluation.invalidated && h('p.card.waiting', state('warning', 'Ignored for comparison'), h('span', evaluation.invalidated.reason || 'no reason given'), time(evaluation.invalidated.time)),
    evaluation.message && h('p.card.message', evaluation.message),
    labels(evaluation.labels),
    h('div.besides',
      indicators(page, evaluation, other, other && name(other)),
      slo !== undefined && h('details.card.slo', h('summary', h('h3', 'slo.yaml'), evaluation.commit && h('code.quiet', evaluation.commit.slice(0, 8))),
        slo ? h('pre', { tabindex: 0, 'aria-label': 'The objectives of this evaluation' }, slo) : h('p.quiet', 'This evaluation was made without objectives.'))))
}

function window({ timeStart, timeEnd }) {
  const [from, to] = [new Date(timeStart), new Date(timeEnd)]
  if (isNaN(from) || isNaN(to)) return null
  return h('span', { title: `${exact(timeStart)} to ${exact(timeEnd)}` }, `over ${duration(to - from)}, `, time(timeEnd))
}

function labels(all) {
  const pairs = Object.entries(all ?? {})
  if (pairs.length === 0) return null
  const text = (value) => (typeof value === 'string' ? value : JSON.stringify(value))
  const isLink = (value) => typeof value === 'string' && /^https?:\/\//.test(value)
  return h('p.split', pairs.map(([name, value]) => h('span', h('span.quiet', `${name} `), isLink(value) ? h('a', { href: value, target: '_blank', rel: 'noreferrer' }, value) : text(value))))
}

// MARK: - Indicators

function indicators(page, evaluation, other, nameOfOther) {
  if (evaluation.indicators.length === 0) return h('p.quiet', 'No indicator was judged.')
  const isCompared = (evaluation.comparedEvents ?? []).length > 0
  const total = evaluation.indicators.reduce((sum, one) => sum + (one.score ?? 0), 0)
  const [by, isDown] = [page.query.sort?.replace('-', ''), page.query.sort?.startsWith('-')]
  /// The title sorts by the column: up, down, as the objectives stand in the file.
  const sortable = (title) => ({
    sort: by !== title ? null : isDown ? 'descending' : 'ascending',
    head: h('button.sort', { type: 'button', onclick: () => page.setQuery({ sort: by !== title ? title : isDown ? null : `-${title}`, from: page.query.from ?? null }) },
      title, by === title && h('span', { 'aria-hidden': 'true' }, isDown ? ' ↓' : ' ↑')),
  })
  const columns = [
    ['Indicator', (one) => h('div', h('span', { title: one.metric }, one.name || one.metric), one.isKey && h('span.tag', { title: 'If it fails, the whole evaluation does' }, 'key'),
      one.message && h('div.problem', one.message)), '', sortable('Indicator')],
    ['State', (one) => state(one.success === false ? 'fail' : one.status ?? 'none'), 'nowrap', sortable('State')],
    ['Value', (one) => (one.success === false ? h('span.quiet', 'no value') : figure(one.value)), 'number nowrap', sortable('Value')],
    !other && isCompared && ['Before', (one) => compared(one.value, looksBack(one) ? one.comparedValue : undefined), 'number nowrap'],
    other && [nameOfOther, (one) => compared(one.value, other.indicators.find((each) => each.metric === one.metric)?.value), 'number nowrap'],
    ['To pass', (one) => targets(one.passTargets)],
    ['For a warning', (one) => targets(one.warningTargets)],
    ['Weight', (one) => (one.weight === undefined || one.status === 'info' ? h('span.quiet', '–') : number(one.weight)), 'number nowrap', sortable('Weight')],
    ['Score', (one) => (one.status === 'info' ? h('span.quiet', '–') : number(one.score ?? 0)), 'number nowrap', sortable('Score')],
  ].filter(Boolean)
  return table(columns, sorted(evaluation.indicators, by, isDown), { key: (one) => one.metric, caption: `Indicators, ${number(total)} points together`, className: 'indicators' })
}

const orders = {
  Indicator: (one) => one.name || one.metric, Value: (one) => one.value ?? 0, Weight: (one) => one.weight ?? 0, Score: (one) => one.score ?? 0,
  State: (one) => ['fail', 'warning', 'pass', 'info'].indexOf(one.success === false ? 'fail' : one.status),
}

function sorted(rows, by, isDown) {
  const order = orders[by]
  if (!order) return rows
  const compare = (a, b) => (typeof a === 'string' ? a.localeCompare(b) : a - b)
  return [...rows].sort((a, b) => compare(order(a), order(b)) * (isDown ? -1 : 1))
}

const figure = (value) => (typeof value === 'number' ? h('span', { title: String(value) }, short(value)) : h('span.quiet', '–'))
const short = (value) => number(Math.abs(value) >= 100 ? Math.round(value * 10) / 10 : Number(value.toPrecision(4)))

/// Only a criterion that looks back says what the value was compared with.
export const isRelative = (criterion) => /[+%]|[<>=]\s*-/.test(criterion)
const looksBack = (one) => [...one.passTargets ?? [], ...one.warningTargets ?? []].some(({ criteria }) => isRelative(criteria))

function compared(value, before) {
  if (typeof before !== 'number') return h('span.quiet', '–')
  const change = before === 0 || typeof value !== 'number' ? null : ((value - before) / Math.abs(before)) * 100
  const sign = (amount) => (amount > 0 ? '+' : amount < 0 ? '−' : '±')
  const by = typeof value === 'number' ? value - before : null
  return h('div', figure(before), by !== null && h('div.quiet', `${sign(by)}${short(Math.abs(by))}`, change !== null && `, ${sign(change)}${number(Math.round(Math.abs(change)))} %`))
}

/// A criterion that was not met is struck by shape and colour; a relative one says what it came to.
function targets(all) {
  if (!all || all.length === 0) return h('span.quiet', '–')
  return h('div.targets', all.map(({ criteria, targetValue, violated }) => h(`span.target.${violated ? 'missed' : 'met'}`, icon(violated ? 'fail' : 'pass'), h('span.unseen', violated ? 'missed' : 'met'),
    h('code', criteria), isRelative(criteria) && typeof targetValue === 'number' && h('span.quiet', `= ${short(targetValue)}`))))
}

// MARK: - Invalidating

function invalidate(page, evaluation) {
  const { project, service } = page.params
  const reason = h('textarea', { rows: 3, required: true, name: 'reason' })
  dialog({
    title: 'Ignore this evaluation?', action: 'Ignore for comparison', kind: 'danger',
    body: [h('p', `Later evaluations of ${service} in ${evaluation.stage} are not compared with ${label(evaluation)} any more. What it decided stays decided. This cannot be taken back.`),
      field('Reason', reason, 'Stands beside the evaluation from now on.')],
    submit: async () => {
      await sendEvent('sh.keptn.event.evaluation.invalidated', {
        project, stage: evaluation.stage, service, evaluation: { reason: reason.value.trim() },
      }, { shkeptncontext: evaluation.context, triggeredid: evaluation.triggeredID })
      notify('Ignored from now on')
      page.reload()
    },
  })
}
