// One integration: what it is, what it hears, and what it wrote about its failures.

import { get, may, part, remove } from '../api.js'
import { h } from '../dom.js'
import { button, command, confirm, empty, failure, head, notify, pager, plural, table, time } from '../parts.js'
import { filter, isPart, markRead, presence, short } from './integrations.js'

export function show(page) {
  const { project, integration } = page.params
  page.title('Integration')
  page.load({
    concerns: (event) => event.type.endsWith('.finished'),
    ask: async (signal) => {
      const [[one], log] = await Promise.all([
        get('controlPlane/v1/uniform/registration', { id: integration }, signal),
        may('logs:read') ? get('controlPlane/v1/log', { integrationId: integration, nextPageKey: page.query.from, pageSize: 50 }, signal) : null])
      return { one, log }
    },
    show: ({ one, log }) => {
      if (!one) return page.render(failure({ status: 404, message: `No integration has the id ${integration}.`, remedy: 'Integrations that are silent for two days are forgotten; they come back by themselves.' }))
      page.title(one.name)
      page.render(...screen(page, project, one, log))
      if (!page.query.from) markRead(one.id, log?.logs[0]?.time)
    },
  })
}

function screen(page, project, one, log) {
  // What is part of this server hears what it is built to hear; but users tell webhook-service what to hear.
  const isOpen = !isPart(one) || one.name === 'webhook-service'
  const base = `project/${part(project)}/settings/uniform/integrations/${part(one.id)}`
  return [
    head(one.name, [presence(one), one.metadata.integrationversion && h('span', 'version ', one.metadata.integrationversion), !isPart(one) && h('span', 'last seen ', time(one.metadata.lastseen))],
      isOpen && may('integrations:write') && h('a.button.primary', { href: `${base}/subscriptions/add` }, 'Add a subscription'),
      !isPart(one) && may('integrations:delete') && button('Forget', () => confirm(`Forget ${one.name}?`, 'Its subscriptions go. If it still runs, it comes back by itself with those that it brings.', 'Forget', async () => {
        await remove(`controlPlane/v1/uniform/registration/${part(one.id)}`)
        notify(`${one.name} is forgotten`)
        page.navigate(`project/${part(project)}/settings/uniform/integrations`)
      }), { kind: 'danger' })),
    !isPart(one) && h('dl.facts', fact('Host', one.metadata.hostname), fact('Namespace', one.metadata.kubernetesmetadata?.namespace), fact('Pod', one.metadata.kubernetesmetadata?.podname),
      fact('Location', one.metadata.location), fact('Distributor', one.metadata.distributorversion), fact('Id', h('code', one.id))),
    h('h2', 'Subscriptions'),
    one.subscriptions?.length > 0 ? subscriptions(page, one, base, isOpen)
      : empty('It hears nothing', 'A subscription says which events it gets.', one.name === 'webhook-service' && command(`keptn create webhook-subscription --project ${project} --event sh.keptn.event.TASK.triggered`)),
    h('h2', { id: 'log' }, 'Log'),
    !log ? h('p.quiet', 'Without the scope “logs:read” it is not shown.')
      : log.logs.length === 0 ? h('p.quiet', 'Nothing was written in the last five days.')
        : [lines(log.logs), pager(page, { ...log, nextPageKey: log.nextPageKey || undefined }, log.logs.length)],
  ]
}

const fact = (name, value) => value && [h('dt', name), h('dd', value)]

const subscriptions = (page, one, base, isOpen) => table([
  ['Event', (each) => h('b', isOpen && may('integrations:write') ? h('a', { href: `${base}/subscriptions/${part(each.id)}/edit` }, short(each.event)) : short(each.event))],
  ['Only', (each) => filter(each.filter ?? {}) || h('span.quiet', 'no limits')],
  ['Id', (each) => h('code.quiet', each.id)],
  ['', (each) => isOpen && may('integrations:delete') && h('div.toolbar.end', button('Delete', () => confirm('Delete this subscription?', `${one.name} does not hear ${short(each.event)} by it any more.`, 'Delete', async () => {
    await remove(`controlPlane/v1/uniform/registration/${part(one.id)}/subscription/${part(each.id)}`)
    notify('Deleted')
    page.reload()
  }), { kind: 'small danger' }))],
], one.subscriptions, { key: (each) => each.id, caption: plural(one.subscriptions.length, 'subscription') })

const lines = (logs) => table([
  ['When', (line) => time(line.time), 'nowrap'],
  ['Task', (line) => line.task || h('span.quiet', '–'), 'nowrap'],
  ['Message', (line) => h('span.lines', line.message)],
  ['Run', (line) => (line.shkeptncontext ? h('a', { href: `trace/${part(line.shkeptncontext)}` }, line.shkeptncontext.slice(0, 8)) : h('span.quiet', '–')), 'nowrap'],
], logs, { caption: 'Log of the integration' })
