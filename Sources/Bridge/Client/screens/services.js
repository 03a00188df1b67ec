// The services of a project: what runs where, and how its newest gate ended.

import { get, part } from '../api.js'
import { h } from '../dom.js'
import { head, nameFilter, noService, pager, plural, state, table, time, version } from '../parts.js'
import { triggerButton } from './trigger.js'

export function show(page) {
  const { project } = page.params
  page.title('Services', project)
  const path = `v1/overview/project/${part(project)}`
  page.load({
    concerns: (event) => event.project === project,
    ask: async (signal) => {
      const { search, from } = page.query
      const [overview, services] = await Promise.all([
        get(path, {}, signal), get(`${path}/services`, { search, nextPageKey: from, pageSize: 50 }, signal)])
      return { overview, services }
    },
    show: ({ overview, services }) => page.render(
      head('Services', plural(overview.serviceCount, 'service'),
        overview.serviceCount > 0 && triggerButton(page, overview)),
      overview.serviceCount > 0 && h('div.toolbar', nameFilter(page, 'services')),
      services.services.length > 0 ? [list(project, services.services), pager(page, services, services.services.length)]
        : noService(project, overview.serviceCount > 0)),
  })
}

const list = (project, services) => table([
  ['Service', (row) => h('b', h('a', { href: `project/${part(project)}/service/${part(row.name)}` }, row.name))],
  ['Running', (row) => places(row.stages.filter((one) => one.image), (one) => h('span', h('span.quiet', one.stage), ' ', version(one.image)))],
  ['Newest gates', (row) => places(row.stages.filter((one) => one.gate), (one) => h('a', { href: `project/${part(project)}/service/${part(row.name)}/context/${part(one.gate.context)}/stage/${part(one.stage)}` }, state(one.gate.result ?? 'unknown', one.stage)))],
  ['Deployed', (row) => time(row.stages.map((one) => one.deployedAt).filter(Boolean).sort().pop()), 'nowrap'],
], services, { key: (row) => row.name, caption: 'Services' })

const places = (stages, show) => (stages.length > 0 ? h('div.places', stages.map(show)) : h('span.quiet', '–'))
