// Two stages of a project side by side: which version of each service stands there, and what can be brought on.

import { get, part } from '../api.js'
import { h } from '../dom.js'
import { button, command, empty, head, nameFilter, noService, pager, plural, select, state, table } from '../parts.js'
import { place } from './environment.js'
import { triggerButton } from './trigger.js'

export function show(page) {
  const { project } = page.params
  page.title('Compare stages', project)
  const path = `v1/overview/project/${part(project)}`
  page.load({
    concerns: (event) => event.project === project,
    ask: async (signal) => {
      const overview = await get(path, {}, signal)
      const pair = chosen(overview.stages, page.query)
      if (!pair) return { overview }
      const { search, from, all } = page.query
      const services = await get(`${path}/services`, {
        search, nextPageKey: from, pageSize: 50, ...(all ? {} : { filter: 'differs', stage: pair[0].name, against: pair[1].name }),
      }, signal)
      return { overview, pair, services }
    },
    show: ({ overview, pair, services }) => page.render(
      head('Compare stages', services && !page.query.all && plural(services.totalCount, 'service differs', 'services differ')),
      pair ? [toolbar(page, overview, pair), services.services.length > 0
        ? [list(page, overview, pair, services.services), pager(page, services, services.services.length)]
          : overview.serviceCount > 0 ? nothing(page, pair) : noService(project)]
        : empty('One stage alone', 'There is something to compare when the shipyard has two stages.', h('a.button', { href: `project/${part(project)}/settings/files?file=shipyard.yaml` }, 'Open the shipyard'))),
  })
}

/// The two stages that the address names, else the first that follows another and the one that it follows.
function chosen(stages, { left, right }) {
  const named = (name) => stages.find((one) => one.name === name)
  const second = named(right) ?? stages.find((one) => one.name !== left && one.parents.includes(left ?? one.parents[0]) && named(one.parents[0]))
    ?? stages.find((one) => one.name !== (left ?? stages[0].name))
  const first = named(left) ?? named(second?.parents[0]) ?? stages.find((one) => one !== second)
  return first && second ? [first, second] : null
}

function toolbar(page, overview, [left, right]) {
  const names = overview.stages.map((one) => one.name)
  const pick = (member, label, one, other) => select(names, one.name, (value) => page.setQuery(
    // The stage that stands on the other side changes places.
    value === other.name ? { left: right.name, right: left.name } : { left: left.name, right: right.name, [member]: value }), { 'aria-label': label })
  return h('div.toolbar.compare',
    pick('left', 'This stage', left, right), h('span.quiet', 'and'), pick('right', 'is compared with this one', right, left),
    nameFilter(page, 'services'),
    h('label.check', h('input', { type: 'checkbox', checked: !page.query.all, onchange: (event) => page.setQuery({ all: event.target.checked ? null : 'true' }) }), 'Only what differs'),
    h('a.button', { href: `project/${part(overview.name)}` }, 'All stages'))
}

function list(page, overview, pair, services) {
  const [left, right] = pair
  const at = (row, stage) => row.stages.find((one) => one.stage === stage.name)
  return table([
    ['Service', (row) => h('b', h('a', { href: `project/${part(overview.name)}/service/${part(row.name)}` }, row.name))],
    ...pair.map((stage) => [stage.name, (row) => place(page, overview.name, row, stage)]),
    ['Compared', (row) => {
      const [one, other] = [at(row, left), at(row, right)]
      const isSame = one?.image === other?.image
      const next = !isSame && one?.image && other && follower(left, right)
      return h('div.line', isSame ? h('span.quiet', one?.image ? 'the same' : 'nothing in both') : state('warning', 'differs'),
        next && triggerButton(page, overview, { stage: right.name, sequence: next, service: row.name, image: one.image }, `Bring ${row.name} on to ${right.name}`, { kind: 'small', text: `Bring on to ${right.name}` }))
    }],
  ], services, { key: (row) => row.name, caption: `Services in ${left.name} and ${right.name}`, className: 'environment' })
}

/// The sequence of a stage that the shipyard lets follow a success in the other one; its name.
const follower = (left, right) => right.sequences.find((one) => one.triggeredOn.some((on) =>
  on.event.startsWith(`${left.name}.`) && !['fail', 'warning'].includes(on.match.result)))?.name

const nothing = (page, [left, right]) => (page.query.search || page.query.all
  ? empty('No service fits', 'Take the search away, or show all that there are.', command(`keptn get services --project ${page.params.project} -o wide`))
  : empty('Nothing differs', `In ${left.name} and ${right.name} stands the same version of every service.`,
    button('Show all services', () => page.setQuery({ all: 'true' }))))
