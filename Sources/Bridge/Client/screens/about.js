// Which Keptn this is, and what is connected to it.

import { get, may, session } from '../api.js'
import { h } from '../dom.js'
import { head, state, table, time } from '../parts.js'
import * as live from '../live.js'
import { presence, short } from './integrations.js'

export function show(page) {
  page.title('About')
  page.load({
    concerns: () => false,
    ask: async (signal) => {
      const [metadata, integrations] = await Promise.all([
        get('v1/metadata', {}, signal),
        may('integrations:read') && !session.projects ? get('controlPlane/v1/uniform/registration', {}, signal) : [],
      ])
      return { metadata, integrations }
    },
    show: ({ metadata, integrations }) => page.render(
      head('About'),
      h('div.columns', h('div.stack',
        h('section.card.padded', h('h2', 'This server'), h('dl.facts',
          h('dt', 'Keptn'), h('dd', metadata.keptnversion),
          h('dt', 'Shipyard files'), h('dd', `up to ${metadata.shipyardversion}`),
          h('dt', 'Address'), h('dd', h('code', new URL('/api', location.href).href)),
          h('dt', 'Stream'), h('dd', live.state === 'live' ? state('pass', 'live') : state('warning', 'not live')))),
        h('section.card.padded', h('h2', 'Look further'), h('ul.links',
          h('li', h('a', { href: '/api/swagger-ui', target: '_blank' }, 'The API, described and to be tried')),
          h('li', h('a', { href: '/api/openapi.json', target: '_blank' }, 'The API as OpenAPI 3.1')),
          h('li', h('a', { href: '/metrics', target: '_blank' }, 'Figures for Prometheus'))))),
        h('section.card.padded', h('h2', 'You'), h('dl.facts',
          h('dt', session.issuer ? 'Logged in as' : 'Token'), h('dd', session.name),
          session.issuer && [h('dt', 'By'), h('dd', session.issuer)],
          h('dt', 'May'), h('dd', words(session.scopes)),
          h('dt', 'Projects'), h('dd', session.projects?.join(', ') ?? 'all'),
          h('dt', 'Session ends'), h('dd', session.expiresAt ? time(session.expiresAt) : 'never')),
        h('p.quiet', 'The text of a token is nowhere on the server; “keptn token create” makes another one.'))),
      integrations.length > 0 && [h('h2', 'Components'), table([
        ['Name', (one) => h('b', one.name), 'nowrap'],
        ['State', presence, 'nowrap'],
        ['Version', (one) => one.metadata.integrationversion || '–'],
        ['Where', (one) => one.metadata.location || one.metadata.hostname, 'nowrap spare'],
        ['Last seen', (one) => time(one.metadata.lastseen)],
        ['Hears', (one) => h('span.quiet', (one.subscriptions ?? []).map((each) => short(each.event)).join(', ') || '–')],
      ], integrations, { key: (one) => one.id, caption: 'Components and integrations' })]),
  })
}

/// The rights in as few words as possible.
function words(scopes) {
  const things = new Map()
  for (const scope of scopes) {
    const [thing, right] = scope.split(':')
    things.set(thing, [...things.get(thing) ?? [], right])
  }
  const kinds = new Map()
  for (const [thing, rights] of things) kinds.set(rights.join(', '), [...kinds.get(rights.join(', ')) ?? [], thing])
  return h('ul', [...kinds].map(([rights, names]) => h('li', h('b', rights), h('span.quiet', ` ${names.join(', ')}`))))
}
