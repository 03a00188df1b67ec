// The four figures of DORA (https://dora.dev), as the server computes them from the log (docs/statistics.md).

import { get, part } from '../api.js'
import { h } from '../dom.js'
import { duration, number, plural, state, table } from '../parts.js'

/// The figures as cards and by place, or what there is to say where the server has none.
export async function figures(query, signal) {
  try {
    const { figures } = await get('statistics/v1/dora', query, signal)
    return figures.length > 0 ? [cards(figures), places(figures)] : null
  } catch (error) {
    if (error.status !== 404 || !error.message.includes('nothing at')) throw error
    return h('p.card.waiting', state('info', 'No DORA figures'), h('span.quiet', 'This server does not compute deployment frequency, lead time, change failure rate and time to restore.'))
  }
}

const sum = (rows, key) => rows.reduce((all, row) => all + (row[key] ?? 0), 0)
const time = (seconds) => (typeof seconds === 'number' ? duration(seconds * 1000) : '–')
const rate = (value) => (typeof value === 'number' ? `${number(Math.round(value * 1000) / 10)} %` : '–')
const perDay = (value) => (value >= 1 || value === 0 ? `${number(Math.round(value * 10) / 10)} a day` : `${number(Math.round(value * 70) / 10)} a week`)

/// The middle of the places' own figures: a sum of times would say nothing.
function middle(rows, key) {
  const values = rows.map((row) => row[key]).filter((value) => typeof value === 'number').sort((a, b) => a - b)
  return values.length === 0 ? undefined : values[Math.floor((values.length - 1) / 2)]
}

function cards(rows) {
  const [changes, failures, open] = [sum(rows, 'changes'), sum(rows, 'failures'), sum(rows, 'openFailures')]
  const of = (key) => {
    const count = rows.filter((row) => typeof row[key] === 'number').length
    return count > 1 ? `the median of ${count} places` : ''
  }
  return h('div.figures',
    card('Deployment frequency', perDay(sum(rows, 'deploymentsPerDay')), plural(sum(rows, 'deployments'), 'deployment')),
    card('Lead time', time(middle(rows, 'leadTimeSeconds')), of('leadTimeSeconds') || 'from the first event of an artifact'),
    card('Change failure rate', changes > 0 ? rate(failures / changes) : '–', `${number(failures)} of ${plural(changes, 'change')}`),
    card('Time to restore', time(middle(rows, 'timeToRestoreSeconds')), open > 0 ? state('problem', `${number(open)} not restored yet`) : of('timeToRestoreSeconds') || plural(sum(rows, 'restores'), 'time')))
}

const card = (name, value, note) => h('section.card.figure', h('h2', name), h('b', value), h('span.quiet', note))

const places = (rows) => [
  h('h2.section', 'By place'),
  table([
    ['Service', (row) => h('div', h('b', h('a', { href: `project/${part(row.project)}/service/${part(row.service)}` }, row.service)), h('span.quiet', ` in ${row.stage} of ${row.project}`))],
    ['Deployments', (row) => number(row.deployments), 'number'],
    ['Frequency', (row) => perDay(row.deploymentsPerDay), 'number nowrap'],
    ['Lead time', (row) => time(row.leadTimeSeconds), 'number nowrap'],
    ['Failures', (row) => h('span', rate(row.changeFailureRate), h('span.quiet', ` ${number(row.failures)}/${number(row.changes)}`)), 'number nowrap'],
    ['Time to restore', (row) => time(row.timeToRestoreSeconds), 'number nowrap'],
  ], rows.slice(0, 200), { key: (row) => `${row.project}/${row.stage}/${row.service}`, caption: 'DORA figures by place' }),
  rows.length > 200 && h('p.quiet', `The first 200 of ${number(rows.length)} places: choose a project.`),
]
