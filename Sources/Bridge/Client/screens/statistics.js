// How well it goes: the four figures of DORA, and what was run and by whom.

import { get, may, part, session } from '../api.js'
import { h } from '../dom.js'
import { command, empty, head, number, select, table } from '../parts.js'
import { figures } from './dora.js'

const spans = [['1', 'the last day'], ['7', 'the last 7 days'], ['30', 'the last 30 days'], ['90', 'the last 90 days'], ['0', 'all time']]

export function show(page) {
  page.title('Statistics')
  if (session.projects || !may('statistics:read')) {
    return page.render(head('Statistics'), empty('Statistics are counted over the whole server', 'A token that is limited to projects, or without the scope “statistics:read”, does not see them.'))
  }
  page.load({
    concerns: (event) => event.type.endsWith('.finished') && event.type.split('.').length === 6,
    ask: async (signal) => {
      const span = Number(page.query.days ?? 30)
      const to = Math.ceil(Date.now() / 1000)
      const from = span === 0 ? 0 : to - span * 86400
      const { project, stage, service } = page.query
      const { names } = await get('v1/overview/names', {}, signal)
      if (!project && names.length > countedMax) return { names, stages: [] }
      const [counted, chosen, dora] = await Promise.all([
        countsOf({ from, to, project }, signal), project && get(`v1/overview/project/${part(project)}`, {}, signal),
        figures({ from, to, project, stage, service }, signal)])
      return { counted, names, stages: chosen?.stages ?? [], dora }
    },
    show: (data) => page.render(
      head('Statistics', null, places(page, data), select(spans, page.query.days ?? '30', (days) => page.setQuery({ days: days === '30' ? null : days }), { 'aria-label': 'Time' })),
      data.dora, ...counts(page, data)),
  })
}

/// So many projects are counted together; with more, the figures of thousands of services would say nothing and take seconds.
const countedMax = 20

async function countsOf(query, signal) {
  try {
    return await get('statistics/v1/statistics', query, signal)
  } catch (error) {
    if (error.status !== 404) throw error
    return { projects: [] }
  }
}

function places(page, { names, stages }) {
  if (names.length === 0) return null
  return [
    select([['', 'All projects'], ...names], page.query.project, (name) => page.setQuery({ project: name, stage: null, service: null }), { 'aria-label': 'Project' }),
    stages.length > 0 && select([['', 'All stages'], ...stages.map((one) => one.name)], page.query.stage, (stage) => page.setQuery({ stage }), { 'aria-label': 'Stage' })]
}

function counts(page, { counted }) {
  if (!counted) {
    return [empty('Choose a project', `Figures stand beside each other service by service, too many for one page with more than ${countedMax} projects. Those of all:`,
      command('keptn get statistics'))]
  }
  const services = counted.projects.flatMap((project) => project.services.filter((service) => service.name).map((service) => ({ project: project.name, ...service })))
  if (services.length === 0) return [empty('Nothing was run in this time', 'Choose a longer time, or run something:', command('keptn trigger delivery --project PROJECT --service SERVICE --image ARTIFACT'))]
  const sum = (list, test) => list.filter(({ type }) => test(type)).reduce((all, { count }) => all + count, 0)
  const executors = new Map()
  for (const { keptnServiceExecutions } of services) {
    for (const { name, executions } of keptnServiceExecutions) {
      const tasks = executors.get(name) ?? new Map()
      for (const { type, count } of executions) tasks.set(type, (tasks.get(type) ?? 0) + count)
      executors.set(name, tasks)
    }
  }
  const short = (type) => type.replace('sh.keptn.event.', '')
  return [
    h('h2.section', 'What was run'),
    table([
      ['Service', (row) => h('div', h('b', h('a', { href: `project/${part(row.project)}/service/${part(row.name)}` }, row.name)), h('span.quiet', ` of ${row.project}`))],
      ['Sequences', (row) => number(sum(row.executedSequencesPerType, () => true)), 'number'],
      ['Deployments', (row) => number(sum(row.events, (type) => type === 'sh.keptn.event.deployment.finished')), 'number'],
      ['Evaluations', (row) => number(sum(row.events, (type) => type === 'sh.keptn.event.evaluation.finished')), 'number'],
      ['Approvals', (row) => number(sum(row.events, (type) => type === 'sh.keptn.event.approval.finished')), 'number'],
      ['Events', (row) => number(sum(row.events, () => true)), 'number'],
    ], services.slice(0, 200), { key: (row) => `${row.project}/${row.name}`, caption: 'What was run, by service' }),
    services.length > 200 && h('p.quiet', `The first 200 of ${number(services.length)} services: choose a project.`),
    h('h2.section', 'Who worked'),
    table([
      ['Integration', ([name]) => h('b', name)],
      ['Tasks', ([, tasks]) => number([...tasks.values()].reduce((all, count) => all + count, 0)), 'number'],
      ['Of these', ([, tasks]) => h('div.places', [...tasks].map(([type, count]) => h('span', h('span.quiet', short(type)), ` ${number(count)}`)))],
    ], [...executors], { key: ([name]) => name, caption: 'Tasks by integration' }),
  ]
}
