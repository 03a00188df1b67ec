// What is connected to this Keptn: integrations with their state and their log, and endpoints that events are posted to.

import { get, may, part, post, put, remove, session } from '../api.js'
import { h } from '../dom.js'
import { attempt, button, command, confirm, dialog, empty, field, head, notify, number, pager, plural, select, state, table, time } from '../parts.js'

export function show(page) {
  const { project } = page.params
  page.title('Integrations')
  if (session.projects || !may('integrations:read')) {
    return page.render(head('Integrations'), empty('Integrations belong to the whole server', 'A token that is limited to projects, or without the scope “integrations:read”, does not see them.'))
  }
  page.load({
    concerns: (event) => event.type.endsWith('.finished'),
    ask: async (signal) => {
      const [integrations, log, { subscriptions }, deliveries] = await Promise.all([
        get('controlPlane/v1/uniform/registration', {}, signal),
        may('logs:read') ? get('controlPlane/v1/log', { pageSize: 100 }, signal) : { logs: [] },
        get('v1/subscriptions', {}, signal),
        may('events:read') ? get('v1/deliveries', { nextPageKey: page.query.from, pageSize: 20 }, signal) : { deliveries: [], totalCount: 0 }])
      return { integrations, logs: log.logs, endpoints: subscriptions, deliveries }
    },
    show: ({ integrations, logs, endpoints, deliveries }) => page.render(
      head('Integrations', [plural(integrations.length, 'integration'), h('span', 'for all projects of this server')]),
      list(project, integrations, logs),
      h('div.toolbar.section', h('h2', 'Endpoints that events are posted to'), h('span.grow'),
        may('integrations:write') && button('Add an endpoint', () => edit(page), { iconName: 'plus' })),
      endpoints.length > 0 ? endpointTable(page, endpoints)
        : empty('No endpoints', 'A program that can be reached by HTTP need not ask for events: they are posted to it, again after failures, until it takes them.',
          command('keptn create subscription NAME --url https://tool.example.org/events --event "sh.keptn.event.deployment.finished"')),
      deliveries.totalCount > 0 && deadLetters(page, deliveries)),
  })
}

// MARK: - Integrations

/// When somebody has last looked at the log of an integration, by its id, in this browser.
const readKey = 'integrations-read'
const readTimes = () => { try { return JSON.parse(localStorage.getItem(readKey)) ?? {} } catch { return {} } }
export function markRead(id, newest) { if (newest) localStorage.setItem(readKey, JSON.stringify({ ...readTimes(), [id]: newest })) }

/// Seen in the last so many milliseconds: integrations say that they are there every few seconds.
const presenceMax = 90_000
export const isPart = (one) => one.metadata.location === 'control-plane' && one.metadata.hostname === 'keptn'

export function presence(one) {
  if (isPart(one)) return state('pass', 'part of this server')
  return Date.now() - new Date(one.metadata.lastseen) < presenceMax ? state('pass', 'connected') : state('warning', 'silent')
}

function list(project, integrations, logs) {
  const read = readTimes()
  const unread = (one) => logs.filter((line) => line.integrationid === one.id && !(line.time <= read[one.id])).length
  const to = (one) => `project/${part(project)}/settings/uniform/integrations/${part(one.id)}`
  return table([
    ['Name', (one) => h('div', h('b', h('a', { href: to(one) }, one.name)), !isPart(one) && h('div.quiet', [one.metadata.hostname, one.metadata.kubernetesmetadata?.namespace].filter(Boolean).join(' · '))), 'nowrap'],
    ['State', (one) => h('div', presence(one), !isPart(one) && [' ', h('span.quiet', time(one.metadata.lastseen))])],
    ['Version', (one) => one.metadata.integrationversion || '–'],
    ['Hears', (one) => (one.subscriptions?.length ? h('div.places', [...new Set(one.subscriptions.map((each) => short(each.event)))].map((event) => h('span', event))) : h('span.quiet', 'nothing'))],
    ['Log', (one) => { const count = unread(one); return count > 0 ? h('a', { href: `${to(one)}#log` }, state('warning', `${count >= 100 ? 'more than ' : ''}${plural(count, 'new line')}`)) : h('span.quiet', '–') }, 'nowrap'],
  ], integrations, { key: (one) => one.id, caption: 'Integrations' })
}

export const short = (type) => (type === 'sh.keptn.event.>' || type === '>' ? 'every event' : type.replace('sh.keptn.event.', ''))

// MARK: - Endpoints

function endpointTable(page, endpoints) {
  return table([
    ['Name', (one) => h('b', one.name)],
    ['Address', (one) => h('code', one.url), 'ample'],
    ['Hears', (one) => h('div', one.events.map(short).join(', '), filter(one) && h('div.quiet', filter(one)))],
    ['State', (one) => (one.trouble ? h('div', state('fail', 'in trouble'), h('div.problem', one.trouble)) : state('pass', 'well'))],
    ['Delivered', (one) => h('div', number(one.delivered), one.lastDeliveredAt && h('div.quiet', time(one.lastDeliveredAt)),
      one.failed > 0 && h('div.problem.nowrap', `${number(one.failed)} given up`)), 'number'],
    ['', (one) => may('integrations:write') && h('div.toolbar.end',
      button('Edit', () => edit(page, one), { kind: 'small' }),
      may('integrations:delete') && button('Delete', () => confirm(`Delete ${one.name}?`, 'Nothing is posted there any more, and what was given up is forgotten.', 'Delete', async () => {
        await remove(`v1/subscriptions/${part(one.name)}`)
        notify(`${one.name} is deleted`)
        page.reload()
      }), { kind: 'small danger' }))],
  ], endpoints, { key: (one) => one.name, caption: 'Endpoints' })
}

export const filter = ({ projects = [], stages = [], services = [] }) => [
  projects.length > 0 && `of ${projects.join(', ')}`, stages.length > 0 && `in ${stages.join(', ')}`, services.length > 0 && `for ${services.join(', ')}`,
].filter(Boolean).join(' ')

export const words = (text) => text.split(/[\s,]+/).filter(Boolean)

function edit(page, known) {
  const line = (list, placeholder) => h('input', { value: (list ?? []).join(', '), placeholder, spellcheck: 'false', autocomplete: 'off' })
  const name = h('input', { required: true, maxlength: 100, value: known?.name ?? '', readonly: known !== undefined, autocomplete: 'off', spellcheck: 'false' })
  const url = h('input', { required: true, value: known?.url ?? '', placeholder: 'https://tool.example.org/events', spellcheck: 'false' })
  const events = line(known?.events, 'sh.keptn.event.deployment.finished')
  events.required = true
  const [projects, stages, services] = [line(known?.projects, 'all'), line(known?.stages, 'all'), line(known?.services, 'all')]
  const mode = select([['structured', 'The whole event as JSON'], ['binary', 'Its data as JSON, the rest in headers']], known?.mode ?? 'structured')
  dialog({
    title: known ? `Endpoint ${known.name}` : 'Add an endpoint', action: 'Save',
    body: [field('Name', name), field('Address', url), field('Events', events, 'Types with commas between them; * stands for one word, > at the end for the rest, such as sh.keptn.event.>.'),
      field('Projects', projects), field('Stages', stages), field('Services', services), field('Form', mode)],
    submit: async () => {
      await put(`v1/subscriptions/${part(name.value.trim())}`, { url: url.value.trim(), mode: mode.value, events: words(events.value), projects: words(projects.value), stages: words(stages.value), services: words(services.value) })
      notify('Saved')
      page.reload()
    },
  })
}

// MARK: - What could not be delivered

function deadLetters(page, { deliveries, totalCount, nextPageKey, pageSize }) {
  const replay = (name, positions, what) => attempt(async () => {
    const { replayed } = await post(`v1/subscriptions/${part(name)}/replay`, positions ? { positions } : {})
    page.reload()
    return replayed
  }, `${what} again`)
  const names = [...new Set(deliveries.map((one) => one.subscription))]
  return [
    h('div.toolbar.section', h('h2', 'Given up'), h('span.quiet', `${plural(totalCount, 'event')} that no attempt delivered`), h('span.grow'),
      may('integrations:write') && names.map((name) => button(`Deliver all of ${name} again`, () => replay(name, null, 'Everything is tried'), { kind: 'small' }))),
    table([
      ['Endpoint', (one) => h('b', one.subscription)],
      ['Event', (one) => h('div', one.event.shkeptncontext ? h('a', { href: `trace/${part(one.event.shkeptncontext)}`, title: 'The run that it belongs to' }, short(one.event.type)) : short(one.event.type), h('div.quiet', [one.event.data?.project, one.event.data?.stage, one.event.data?.service].filter(Boolean).join(' · ')))],
      ['Why', (one) => h('span.problem', one.reason)],
      ['Attempts', (one) => number(one.attempts), 'number'],
      ['Given up', (one) => time(one.failedAt), 'nowrap'],
      ['', (one) => may('integrations:write') && button('Deliver again', () => replay(one.subscription, [one.position], 'It is tried'), { kind: 'small' })],
    ], deliveries, { key: (one) => `${one.subscription}/${one.position}`, caption: 'Events that could not be delivered' }),
    pager(page, { totalCount, nextPageKey, pageSize }, deliveries.length),
  ]
}
