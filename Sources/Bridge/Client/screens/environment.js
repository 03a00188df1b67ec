// The stages of a project as a graph, and its services with what stands in each stage.

import { get, may, part } from '../api.js'
import { h } from '../dom.js'
import { counts } from './dashboard.js'
import { decide } from './approvals.js'
import { triggerButton } from './trigger.js'
import { button, exact, head, icon, link, nameFilter, noService, pager, plural, select, state, table, time, upstreamState, version } from '../parts.js'

const filters = [['', 'All services'], ['problem', 'With problems'], ['evaluation', 'With failed gates'], ['approval', 'Waiting for approval'], ['running', 'With open sequences']]

export function show(page) {
  const { project, stage } = page.params
  page.title(stage ? `${stage}` : 'Environment', project)
  const path = `v1/overview/project/${part(project)}`
  page.load({
    concerns: (event) => event.project === project,
    ask: async (signal) => {
      const { search, filterType, from } = page.query
      const [overview, services] = await Promise.all([
        get(path, {}, signal),
        get(`${path}/services`, { search, filter: filterType, stage, nextPageKey: from, pageSize: 50, gates: stage && 6 }, signal),
      ])
      return { overview, services }
    },
    show: ({ overview, services }) => page.render(
      head(stage ? `Stage ${stage}` : 'Environment', [
        plural(overview.serviceCount, 'service'),
        overview.upstream && h('span', { title: overview.upstream.message }, state(upstreamState(overview.upstream), `Git upstream ${overview.upstream.state}`),
          overview.upstream.url && /^https?:/.test(overview.upstream.url) && [' ', link(overview.upstream.url, 'open')]),
      ],
      overview.serviceCount > 0 && triggerButton(page, overview, { stage })),
      graph(overview, stage),
      toolbar(page, overview, stage),
      services.services.length > 0 ? [list(page, overview, services.services, stage), pager(page, services, services.services.length)]
        : noService(project, overview.serviceCount > 0)),
  })
}

// MARK: - The graph

/// Stages in columns: each one column behind the last of the stages that lead to it.
function graph(overview, chosen) {
  const known = new Map(overview.stages.map((stage) => [stage.name, stage]))
  const depths = new Map()
  const depth = (name, path = []) => {
    if (depths.has(name)) return depths.get(name)
    if (path.includes(name)) return 0
    const parents = known.get(name).parents.filter((parent) => known.has(parent))
    const own = parents.length === 0 ? 0 : 1 + Math.max(...parents.map((parent) => depth(parent, [...path, name])))
    depths.set(name, own)
    return own
  }
  const columns = []
  for (const { name } of overview.stages) (columns[depth(name)] ??= []).push(known.get(name))
  return h('nav.graph', { 'aria-label': 'Stages' }, columns.map((column, index) => [
    index > 0 && icon('next'),
    h('div.column', column.map((stage) => card(overview, stage, stage.name === chosen))),
  ]))
}

function card(overview, stage, isChosen) {
  const base = `project/${part(overview.name)}`
  return h('a.card.stage', {
    href: isChosen ? base : `${base}/environment/stage/${part(stage.name)}`, 'aria-current': isChosen ? 'true' : null,
    'data-key': stage.name, title: stage.parents.length > 0 ? `after ${stage.parents.join(', ')}` : 'starts by itself',
  },
  h('b', stage.name), h('span.counts', counts(stage)),
  h('span.quiet', stage.sequences.map((sequence) => sequence.name).join(', ')))
}

// MARK: - The services

function toolbar(page, overview, stage) {
  return h('div.toolbar',
    nameFilter(page, 'services'),
    select(filters, page.query.filterType, (value) => page.setQuery({ filterType: value }), { 'aria-label': 'Which services' }),
    overview.stages.length > 1 && h('a.button', { href: `project/${part(overview.name)}/compare` }, 'Compare stages'),
    stage && h('a.button', { href: `project/${part(overview.name)}` }, 'All stages'))
}

const gateWords = { pass: 'passed', warning: 'warning', fail: 'failed' }

function list(page, overview, services, stage) {
  const stages = overview.stages.filter((one) => !stage || one.name === stage)
  return table([
    ['Service', (row) => h('b', h('a', { href: `project/${part(overview.name)}/service/${part(row.name)}` }, row.name))],
    ...stages.map((one, index) => [one.name, (row) => place(page, overview.name, row, one, stages[index - 1])]),
  ], services, { key: (row) => row.name, caption: 'Services by stage', className: 'environment' })
}

/// What stands in a stage: version, gate, what is open. Where another version stands in the stage before, that is said.
export function place(page, project, row, stage, before) {
  const here = row.stages.find((one) => one.stage === stage.name)
  if (!here) return h('span.quiet', 'not here')
  const earlier = before && row.stages.find((one) => one.stage === before.name)
  const differs = earlier?.image && here.image && here.image !== earlier.image
  const gate = (one) => `project/${part(project)}/service/${part(row.name)}/context/${part(one.context)}/stage/${part(stage.name)}?evaluation=${part(one.eventID)}`
  const to = (context) => `project/${part(project)}/sequence/${part(context)}`
  return h('div.place',
    (here.image || !here.gate && !here.open) && h('div.line', version(here.image), differs && h('span.tag', { title: `${before.name} has ${earlier.image}` }, `≠ ${before.name}`),
      here.deployedAt && h('span.quiet', time(here.deployedAt))),
    here.gate && h('div.line', h('a', { href: `project/${part(project)}/service/${part(row.name)}/context/${part(here.gate.context)}/stage/${part(stage.name)}`, title: 'The newest quality gate' },
      state(here.gate.result ?? 'unknown', `gate ${gateWords[here.gate.result] ?? 'without a result'}`)), h('span.quiet', time(here.gate.time)),
    here.gates?.length > 1 && h('span.steps', h('span.quiet', 'before'), here.gates.slice(1).map((one) => h('a', {
      href: gate(one), title: `${gateWords[one.result] ?? 'without a result'}, ${exact(one.time)}`, 'data-key': one.eventID }, state(one.result ?? 'unknown', ''))))),
    (here.open ?? []).map((open) => h('div.line', { 'data-key': open.context },
      h('a', { href: to(open.context) }, state(open.sequence === 'remediation' ? 'problem' : open.state, `${open.sequence}${open.task ? ` · ${open.task}` : ''}`)),
      open.task === 'approval' && may('events:write') && button('Decide', () => decide(open, page), { kind: 'small' }))))
}
