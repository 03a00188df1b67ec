// A run on one axis of time: a lane for each stage and each of its tasks. Work is drawn to scale; long times in which
// everything only waits are shortened, so that an approval of two days does not press a minute of work flat.

import { part } from '../api.js'
import { h } from '../dom.js'
import { duration, exact, runState, state, time } from '../parts.js'

/// Where instants lie on the axis, as shares of its width.
/// - spans: [from, to] of what worked, in milliseconds. A time outside of all of them that is longer than all work
///   together takes half as much room as that work.
export function scale(start, end, spans) {
  const points = [...new Set([start, end, ...spans.flat()])].filter((point) => point >= start && point <= end).sort((a, b) => a - b)
  const parts = []
  for (const [index, to] of points.slice(1).entries()) {
    const from = points[index]
    const isBusy = spans.some(([begin, done]) => begin < to && done > from)
    if (parts.length > 0 && parts.at(-1).isBusy === isBusy) parts.at(-1).to = to
    else parts.push({ from, to, isBusy })
  }
  const busy = parts.reduce((sum, one) => sum + (one.isBusy ? one.to - one.from : 0), 0)
  let at = 0
  for (const one of parts) {
    one.isCut = busy > 0 && !one.isBusy && one.to - one.from > busy
    one.at = at
    one.size = one.isCut ? busy / 2 : one.to - one.from
    at += one.size
  }
  const whole = at || 1
  const share = (instant) => {
    const one = parts.find(({ to }) => instant <= to) ?? parts.at(-1)
    if (!one) return 0
    return (one.at + Math.max(0, Math.min(1, (instant - one.from) / (one.to - one.from || 1))) * one.size) / whole
  }
  return { share, cuts: parts.filter((one) => one.isCut).map(({ from, to }) => ({ from: share(from), to: share(to), ms: to - from })) }
}

const instant = (text) => (text ? new Date(text).getTime() : undefined)
const percent = (value) => `${value * 100}%`

export function waterfall(page, run) {
  const start = instant(run.triggeredAt)
  const end = instant(run.finishedAt) ?? Math.max(Date.now(), ...run.events.map((one) => instant(one.time) || 0))
  const lanes = run.executions.map((one) => ({ one, tasks: one.tasks.map((task) => taskOf(run, one, task)) }))
  const axis = scale(start, end, lanes.flatMap(({ tasks }) => tasks.filter((task) => task.from && !['approval', 'waiting'].includes(task.kind))
    .map((task) => [task.from + task.waited, task.to ?? end]).filter(([from, to]) => to > from && from > 0)))
  const step = roundStep(end - start, 1 / labelShare(page.root.clientWidth))
  const lane = (key, indent, { name, word, from, to, kind, waited = 0 }) => h('div.lane', {
    'data-key': key, class: `${indent} ${page.params.stage === key.split('/')[0] ? 'chosen' : ''}`, 'data-open': !to && from ? '' : null,
  },
  h('div.name', word, name),
  h('div.track', axis.cuts.length === 0 ? h('i.ticks', { vars: { step: percent(step / (end - start || 1)) } }) : axis.cuts.map((cut) => h('i.cut', { vars: { from: percent(cut.from), size: percent(cut.to - cut.from) } })),
    from && bar(axis, { from, to: to ?? end, kind, waited })),
  h('div.took.number', from ? duration((to ?? end) - from) : ''))
  const kinds = new Set(lanes.flatMap(({ tasks }) => tasks.filter((task) => task.from).map((task) => task.kind)))
  return h('section.card.waterfall', { 'aria-label': 'Timeline', tabindex: 0, 'data-from': start },
    h('div.lane.axis', h('div.name', 'Stage and task'), h('div.track', labels(axis, end - start, step, labelShare(page.root.clientWidth))), h('div.took.number', 'Took')),
    lanes.map(({ one, tasks }) => h('div.stagelane', { 'data-key': one.id, id: `stage-${one.stage}` },
      lane(one.stage, 'of-stage', {
        name: h('span', h('b', one.stage), ' ', h(`span.quiet${one.name === run.name ? '.usual' : ''}`, one.name)), word: runState(one, ''), from: instant(one.triggeredAt), to: instant(one.finishedAt), kind: kindOf(one),
      }),
      tasks.map((task, index) => lane(`${one.stage}/${one.id}/${index}`, `of-task${task.from ? '' : ' planned'}`, task)))),
    kinds.size > 0 && legend(kinds, lanes.flatMap(({ tasks }) => tasks).find((task) => task.waited > 0)?.kind, axis.cuts.length > 0))
}

function bar(axis, { from, to, kind, waited }) {
  const [left, right] = [axis.share(from), axis.share(to)]
  const idle = right > left ? (axis.share(from + waited) - left) / (right - left) : 0
  const more = waited > 0 ? `, of which it waited ${duration(waited)} for whoever does it` : ''
  return h(`div.span.kind-${kind}`, {
    vars: { from: percent(left), size: percent(right - left), idle: percent(Math.min(1, idle)) }, 'data-start': from,
    title: `${exact(new Date(from).toISOString())}, ${duration(to - from)}${more}`,
  })
}

const roundSteps = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 15e3, 3e4, 6e4, 12e4, 3e5, 6e5, 18e5, 36e5, 72e5, 216e5, 432e5]

/// Round times that divide a time into at most so many parts, and six.
export const roundStep = (ms, count) => roundSteps.find((step) => ms / step <= Math.min(6, count)) ?? Math.ceil(ms / 864e5 / 4) * 864e5

/// What stands above the axis: round times, or how long was waited where it is shortened; none on top of another.
function labels(axis, ms, step, room) {
  const wanted = axis.cuts.length === 0 ? Array.from({ length: Math.floor(ms / step) + 1 }, (_, index) => ({ at: index * step / (ms || 1), text: index === 0 ? '0' : duration(index * step) }))
    : [{ at: 0, text: '0' }, ...axis.cuts.map((cut) => ({ at: (cut.from + cut.to) / 2, text: `⋯ ${duration(cut.ms)}`, title: `${duration(cut.ms)} in which everything waited, drawn shorter` })), { at: 1, text: duration(ms) }]
  let last = -1
  return wanted.filter(({ at }) => {
    if (at - last < room) return false
    last = at
    return true
  }).map(({ at, text, title }) => {
    const side = at < room / 2 ? 'first' : at > 1 - room / 2 ? 'last' : null
    return h('span', { vars: { from: percent(side === 'first' ? 0 : at) }, class: side, title }, text)
  })
}

/// What a label needs of the axis, which has what names and times leave of the screen.
const labelShare = (width) => 90 / Math.max(130, width - (innerWidth > 760 ? 450 : 252))

const words = { pass: 'passed', warning: 'warning', fail: 'failed', running: 'runs', approval: 'waits for a decision', aborted: 'given up', waiting: 'not begun yet' }
const legend = (kinds, waited, isCut) => h('p.legends',
  Object.entries(words).filter(([kind]) => kinds.has(kind)).map(([kind, word]) => h('span.legend', h(`i.kind-${kind}`), word)),
  waited && h('span.legend', h(`i.idle.kind-${waited}`), 'waits for whoever does it'),
  isCut && h('span.legend', h('i.cut'), 'everything waits: drawn shorter'))

const kindOf = (one) => (one.state === 'finished' ? one.result ?? 'none' : ['aborted', 'timedOut', 'paused'].includes(one.state) ? one.state : one.state === 'waitingForApproval' ? 'approval' : one.state === 'waiting' ? 'waiting' : 'running')

/// A task's lane: what it is called, its state, from when to when it was open, and how much of that nobody did it.
function taskOf(run, execution, task) {
  if (task.phase === 'planned') return { name: task.name, word: state('none', '') }
  if (task.phase === 'delayed') return { name: h('span', task.name, ' begins ', time(task.until)), word: state('waiting', '') }
  if (task.phase === 'held') return { name: task.name, word: state('paused', '') }
  const from = instant(task.triggeredAt)
  const to = instant(task.finishedAt) ?? (task.phase === 'given up' ? instant(execution.finishedAt) : undefined)
  const starts = (task.executors ?? []).map((one) => instant(one.startedAt)).filter(Boolean)
  const word = task.phase === 'finished' ? task.result : task.phase === 'given up' ? 'aborted' : task.name === 'approval' ? 'approval' : starts.length > 0 ? 'running' : 'triggered'
  const who = [...new Set((task.executors ?? []).map((one) => one.source.split('/').pop()))].join(', ')
  // What an evaluation has found has a screen of its own.
  const name = task.name === 'evaluation' && task.phase === 'finished'
    ? h('a', { href: `project/${part(run.project)}/service/${part(run.service)}/context/${part(run.context)}/stage/${part(execution.stage)}` }, task.name) : task.name
  return {
    name: h('span', name, who && h('span.quiet', { title: `Done by ${who}` }, ` ${who}`)), word: state(word, ''), from, to,
    kind: word === 'triggered' ? 'waiting' : word,
    // Until somebody has started it, a task waits.
    waited: starts.length > 0 ? Math.max(0, Math.min(...starts) - from) : 0,
  }
}

/// Moves the times of what is open to now, without asking anything.
export function grow(root) {
  for (const lane of root.querySelectorAll('.lane[data-open]')) {
    const bar = lane.querySelector('.span[data-start]')
    if (bar) lane.querySelector('.took').textContent = duration(Date.now() - Number(bar.dataset.start))
  }
}
