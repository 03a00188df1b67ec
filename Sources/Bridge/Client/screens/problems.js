// What is being repaired, and what was, in all projects or in one.

import { get, part } from '../api.js'
import { h } from '../dom.js'
import { command, duration, empty, head, number, pager, plural, runState, select, state, table, time } from '../parts.js'

export function show(page) {
  page.title('Problems')
  page.load({
    concerns: (event) => /\.(triggered|finished|control)$/.test(event.type),
    ask: async (signal) => {
      const { project, from, past: pastFrom } = page.query
      const [open, past, { names: projects }] = await Promise.all([
        get('v1/overview/open', { sequence: 'remediation', project, nextPageKey: from, pageSize: 50 }, signal),
        get('v1/overview/repaired', { project, nextPageKey: pastFrom, pageSize: 20 }, signal),
        get('v1/overview/names', {}, signal)])
      return { open, past, projects }
    },
    show: ({ open, past, projects }) => page.render(
      head('Problems', open.totalCount > 0 && state('problem', `${plural(open.totalCount, 'problem')} being repaired`),
        projects.length > 1 && select([['', 'All projects'], ...projects], page.query.project, (project) => page.setQuery({ project, past: null }), { 'aria-label': 'Project' })),
      open.open.length > 0 ? [list(open.open), pager(page, open, open.open.length)] : nothing(page.query.project),
      h('h2.section', 'Ended remediations'),
      past.runs.length > 0 ? [history(past.runs), pager(page, past, past.runs.length, 'past')] : h('p.quiet', 'Nothing yet.')),
  })
}

const text = (value) => (typeof value === 'string' ? value : value === undefined || value === null ? '' : JSON.stringify(value))
const run = (row) => `project/${part(row.project)}/sequence/${part(row.context)}`

const project = (row) => h('a', { href: `project/${part(row.project)}` }, row.project)

const list = (rows) => table([
  ['Problem', (row) => h('div', state('problem', text(row.problem) || 'without a title'))],
  ['Service', (row) => h('div', h('b', h('a', { href: `project/${part(row.project)}/service/${part(row.service)}` }, row.service)), h('span.quiet', ` in ${row.stage}`))],
  ['Project', project, 'ample'],
  ['Now', (row) => h('div', row.task ? h('span', row.task, text(row.action) && h('span.quiet', ` ${text(row.action)}`)) : state(row.state))],
  ['Since', (row) => time(row.triggeredAt), 'nowrap'],
  ['Run', (row) => h('a', { href: run(row) }, row.sequence)],
], rows, { key: (row) => row.context, caption: 'Open problems' })

/// What was done, in its order: which action, and how it ended.
const done = (row) => (row.actions.length === 0 ? h('span.quiet', 'nothing')
  : h('div.targets', row.actionCount > row.actions.length && h('span.quiet', `${number(row.actionCount - row.actions.length)} before these`),
    row.actions.map((one) => h('div', { title: text(one.description) || null },
      h('span.line', state(one.result ?? 'aborted', text(one.action) || one.task), text(one.name) && h('span.quiet', text(one.name))),
      one.result !== 'pass' && one.message && h('div.quiet', one.message)))))

const history = (runs) => table([
  ['Problem', (row) => text(row.problem) || h('span.quiet', 'without a title')],
  ['Service', (row) => h('div', h('b', h('a', { href: `project/${part(row.project)}/service/${part(row.service)}` }, row.service)), h('span.quiet', ` in ${row.stages[0]?.stage ?? ''}`))],
  ['Project', project, 'ample'],
  ['What was done', done],
  ['Ended', (row) => h('a', { href: run(row) }, runState(row)), 'nowrap'],
  ['Began', (row) => time(row.triggeredAt), 'nowrap'],
  ['Took', (row) => duration(new Date(row.finishedAt) - new Date(row.triggeredAt)), 'number nowrap'],
], runs, { key: (row) => row.context, caption: 'Ended remediations' })

const nothing = (project) => empty('No open problems', 'A problem is told by a monitoring tool; the stage’s sequence “remediation” then takes the actions that remediation.yaml names. To see one at work:',
  command(`keptn trigger sequence remediation --project ${project ?? 'PROJECT'} --stage STAGE --service SERVICE`))
