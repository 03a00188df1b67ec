// The runs of a project, newest first, with filters that stand in the address.

import { get, part } from '../api.js'
import { h } from '../dom.js'
import { duration, empty, command, head, pager, plural, runState, select, shortID, state, table, time, version } from '../parts.js'

const states = [['', 'Any state'], ['triggered,waiting,started,waitingForApproval,paused', 'Open'], ['started', 'Running'], ['waiting', 'Waiting'], ['waitingForApproval', 'Waits for approval'], ['paused', 'Paused'], ['finished', 'Finished'], ['aborted', 'Aborted'], ['timedOut', 'Timed out']]

export function show(page) {
  const { project } = page.params
  page.title('Sequences', project)
  const path = `v1/overview/project/${part(project)}`
  let overview = null
  page.load({
    concerns: (event) => event.project === project,
    ask: async (signal) => {
      const { state: word, result, stage, service, name, from } = page.query
      const both = await Promise.all([
        get(`${path}/sequences`, { state: word, result, stage, service, name, nextPageKey: from, pageSize: 25 }, signal),
        overview ?? get(path, {}, signal),
      ])
      overview = both[1]
      return both
    },
    show: ([data, project]) => page.render(
      head('Sequences', plural(data.totalCount, 'run')),
      toolbar(page, project),
      data.runs.length === 0 ? nothing(page, project) : [list(project, data.runs), pager(page, data, data.runs.length)]),
  })
}

function toolbar(page, project) {
  const { query } = page
  const names = [...new Set(project.stages.flatMap((stage) => stage.sequences.map((sequence) => sequence.name)))]
  const choose = (key, label, options) => select([['', label], ...options], query[key], (value) => page.setQuery({ [key]: value }), { 'aria-label': label })
  return h('div.toolbar',
    h('input', { type: 'search', placeholder: 'Service', 'aria-label': 'Service, exactly', value: query.service ?? '', onchange: (event) => page.setQuery({ service: event.target.value.trim() }) }),
    choose('stage', 'Any stage', project.stages.map(({ name }) => [name, name])),
    choose('name', 'Any sequence', [...names, 'evaluation'].filter((name, index, all) => all.indexOf(name) === index).map((name) => [name, name])),
    choose('state', 'Any state', states.slice(1)),
    choose('result', 'Any result', [['pass', 'Passed'], ['warning', 'Warning'], ['fail', 'Failed']]),
    Object.keys(query).length > 0 && h('a.button.plain', { href: `project/${part(project.name)}/sequence` }, 'Clear'))
}

function nothing(page, project) {
  if (Object.keys(page.query).length > 0) return empty('No run fits', 'Take a filter away to see more.')
  return empty('Nothing has been triggered yet', 'A sequence begins with an event: from here, from the command line, or from whatever sends one.',
    command(`keptn trigger delivery --project ${project.name} --service SERVICE --image ARTIFACT`))
}

const list = (project, runs) => table([
  ['Sequence', (run) => h('a', { href: `project/${part(project.name)}/sequence/${part(run.context)}` }, h('b', run.name))],
  ['Service', (run) => run.service, 'ample'],
  ['Version', (run) => version(run.image), 'ample'],
  ['State', (run) => runState(run), 'slim'],
  ['Stages', (run) => h('span.steps', run.stages.map((one) => h('span', { title: `${one.name} in ${one.stage}` }, runState(one, one.name === run.name ? one.stage : `${one.stage} ${one.name}`))))],
  ['Began', (run) => time(run.triggeredAt), 'nowrap'],
  ['Took', (run) => (run.finishedAt ? duration(new Date(run.finishedAt) - new Date(run.triggeredAt)) : '–'), 'number nowrap'],
  ['Context', (run) => shortID(run.context), 'nowrap spare'],
], runs, { key: (run) => run.context, caption: 'Runs' })
