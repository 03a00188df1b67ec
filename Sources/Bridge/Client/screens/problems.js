// What is being repaired, in all projects, and what was.

import { get, part } from '../api.js'
import { h } from '../dom.js'
import { command, duration, empty, head, pager, plural, runState, select, state, table, time } from '../parts.js'

export function show(page) {
  page.title('Problems')
  page.load({
    concerns: (event) => event.type.includes('remediation') || event.type.includes('action') || event.type.includes('problem'),
    ask: async (signal) => {
      const { project, from } = page.query
      const [open, { names: projects }] = await Promise.all([
        get('v1/overview/open', { sequence: 'remediation', project, nextPageKey: from, pageSize: 50 }, signal),
        get('v1/overview/names', {}, signal)])
      const only = project ?? (projects.length === 1 ? projects[0] : undefined)
      const past = only ? await get(`v1/overview/project/${part(only)}/sequences`, { name: 'remediation', pageSize: 20 }, signal) : null
      return { open, past: past?.runs.filter((run) => run.finishedAt), only, projects }
    },
    show: ({ open, past, only, projects }) => page.render(
      head('Problems', open.totalCount > 0 && state('problem', `${plural(open.totalCount, 'problem')} being repaired`)),
      projects.length > 1 && h('div.toolbar', select([['', 'All projects'], ...projects], page.query.project, (project) => page.setQuery({ project }), { 'aria-label': 'Project' })),
      open.open.length > 0 ? [list(open.open), pager(page, open, open.open.length)] : nothing(only),
      past && [h('h2.section', 'What was repaired'), past.length > 0 ? history(past) : h('p.quiet', 'Nothing yet.')],
      !past && projects.length > 1 && h('p.quiet', 'Choose a project to see what was repaired in it.')),
  })
}

const text = (value) => (typeof value === 'string' ? value : value === undefined || value === null ? '' : JSON.stringify(value))
const run = (row) => `project/${part(row.project)}/sequence/${part(row.context)}`

const list = (rows) => table([
  ['Problem', (row) => h('div', state('problem', text(row.problem) || 'without a title'))],
  ['Service', (row) => h('div', h('b', h('a', { href: `project/${part(row.project)}/service/${part(row.service)}` }, row.service)), h('span.quiet', ` in ${row.stage} of `), h('a', { href: `project/${part(row.project)}` }, row.project))],
  ['Now', (row) => h('div', row.task ? h('span', row.task, text(row.action) && h('span.quiet', ` ${text(row.action)}`)) : state(row.state))],
  ['Since', (row) => time(row.triggeredAt), 'nowrap'],
  ['Run', (row) => h('a', { href: run(row) }, row.sequence)],
], rows, { key: (row) => row.context, caption: 'Open problems' })

const history = (runs) => table([
  ['Service', (row) => h('div', h('b', h('a', { href: `project/${part(row.project)}/service/${part(row.service)}` }, row.service)), h('span.quiet', ` in ${row.stages[0]?.stage ?? ''}`))],
  ['Ended', (row) => h('a', { href: run(row) }, runState(row)), 'nowrap'],
  ['Began', (row) => time(row.triggeredAt), 'nowrap'],
  ['Took', (row) => duration(new Date(row.finishedAt) - new Date(row.triggeredAt)), 'number nowrap'],
], runs, { key: (row) => row.context, caption: 'Ended remediations' })

const nothing = (project) => empty('No open problems', 'A problem is told by a monitoring tool; the stage’s sequence “remediation” then takes the actions that remediation.yaml names. To see one at work:',
  command(`keptn trigger sequence remediation --project ${project ?? 'PROJECT'} --stage STAGE --service SERVICE`))
