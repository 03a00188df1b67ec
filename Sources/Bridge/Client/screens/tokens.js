// API tokens: who may what, until when. A token's text is shown once, when it is made.

import { get, may, part, post, remove, session } from '../api.js'
import { copy, h } from '../dom.js'
import { button, confirm, dialog, empty, field, head, notify, select, state, table, time } from '../parts.js'

export function show(page) {
  page.title('Tokens')
  if (!may('tokens:read') || session.projects) {
    return page.render(head('Tokens'), empty('Tokens are not for yours to see', 'Who is logged in with the scope “tokens:read”, such as with the server’s first token, sees them.'))
  }
  page.load({
    concerns: () => false,
    ask: (signal) => get('v1/tokens', {}, signal),
    show: ({ tokens }) => page.render(
      head('Tokens', null, may('tokens:write') && button('Create a token', () => create(page), { kind: 'primary', iconName: 'plus' })),
      table([
        ['Name', (one) => h('div', h('b', one.name), one.name === session.name && !session.issuer && h('span.tag.beside-name', 'you'))],
        ['May', (one) => h('div.places', one.scopes.map((scope) => h('code', scope)))],
        ['Projects', (one) => one.projects?.join(', ') ?? h('span.quiet', 'all')],
        ['Created', (one) => time(one.createdAt), 'nowrap'],
        ['Expires', (one) => (one.expired ? state('fail', 'expired') : one.expiresAt ? time(one.expiresAt) : h('span.quiet', 'never')), 'nowrap'],
        ['Last used', (one) => (one.lastUsedAt ? time(one.lastUsedAt) : h('span.quiet', 'never')), 'nowrap'],
        ['', (one) => may('tokens:write') && h('div.toolbar.end',
          button('Renew', () => renew(page, one), { kind: 'small', title: 'A new text, the same rights; the old text ends at once' }),
          button('Revoke', () => confirm(`Revoke ${one.name}?`, 'Whoever uses it is refused at once, and its sessions end.', 'Revoke', async () => {
            await remove(`v1/tokens/${part(one.name)}`)
            notify(`${one.name} is revoked`)
            page.reload()
          }), { kind: 'small danger' }))],
      ], tokens, { key: (one) => one.name, caption: 'API tokens' })),
  })
}

const terms = [['', 'never'], ['24h', 'in a day'], ['168h', 'in a week'], ['720h', 'in 30 days'], ['8760h', 'in a year']]

function create(page) {
  const name = h('input', { required: true, maxlength: 100, autocomplete: 'off', spellcheck: 'false', pattern: '[^\\s\\/]+' })
  const rights = select([['read', 'look at everything'], ['write', 'do everything but manage tokens'], ['admin', 'do everything'], ['chosen', 'only what is chosen below']], 'read', (value) => { chosen.hidden = value !== 'chosen' })
  const boxes = session.scopes.map((scope) => [scope, h('input', { type: 'checkbox', value: scope })])
  const chosen = h('fieldset.scopes', { hidden: true }, h('legend', 'Scopes'), boxes.map(([scope, box]) => h('label.check', box, h('code', scope))))
  const projects = h('input', { placeholder: 'all', spellcheck: 'false', autocomplete: 'off' })
  const term = select(terms, '720h')
  dialog({
    title: 'Create a token', action: 'Create',
    body: [field('Name', name, 'Who or what will use it.'), field('May', rights), chosen, field('Projects', projects, 'Names with commas between them; empty for all.'), field('Expires', term)],
    submit: async () => {
      const scopes = rights.value === 'chosen' ? boxes.filter(([, box]) => box.checked).map(([scope]) => scope) : [rights.value]
      if (scopes.length === 0) throw new Error('Choose at least one scope.')
      const names = projects.value.split(',').map((text) => text.trim()).filter(Boolean)
      const made = await post('v1/tokens', { name: name.value.trim(), scopes, ...(names.length > 0 ? { projects: names } : {}), ...(term.value ? { expiresIn: term.value } : {}) })
      page.reload()
      reveal(made)
    },
  })
}

function renew(page, token) {
  const term = select([['', 'as before'], ...terms.slice(1)], '')
  dialog({
    title: `Renew ${token.name}`, action: 'Renew',
    body: [h('p', 'It gets a new text. Whoever uses the old one is refused at once.'), field('Expires', term)],
    submit: async () => {
      const made = await post(`v1/tokens/${part(token.name)}/rotate`, term.value ? { expiresIn: term.value } : {})
      page.reload()
      reveal(made)
    },
  })
}

function reveal({ name, token }) {
  dialog({
    title: `The token ${name}`,
    body: [h('p', 'This is its text. It is shown only now: the server keeps no more than a hash.'),
      h('div.secret', h('code', token), button('Copy', (event) => copy(token, event.currentTarget), { kind: 'small' })),
      h('p.hint', 'keptn auth --endpoint ', location.origin, '/api --api-token TOKEN')],
  })
}
